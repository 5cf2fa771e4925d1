//! Loops over planes of machine words.
//!
//! A plane holds one bit of each of `len` positions: bit p % 64 of word p / 64 belongs to
//! position p. Bits past `len` in the last word carry nothing; what leaves a node has them cleared
//! where they could tell something. Every loop runs over plain slices of equal length, so that the
//! compiler vectorises it.

/// Positions in a machine word.
pub const WORD: usize = 64;

/// Bytes of a machine word on the wire.
pub const WORD_BYTES: usize = 8;

/// Words of a plane of `len` positions.
pub const fn words(len: usize) -> usize {
    len.div_ceil(WORD)
}

/// The bits of a plane's last word that belong to positions.
pub const fn tail_mask(len: usize) -> u64 {
    match len % WORD {
        0 => u64::MAX,
        rest => (1 << rest) - 1,
    }
}

/// Clear the bits past `len` of a plane.
pub fn clear_tail(plane: &mut [u64], len: usize) {
    if let Some(last) = plane.last_mut() {
        *last &= tail_mask(len);
    }
}

/// dst ^= src.
pub fn xor_into(dst: &mut [u64], src: &[u64]) {
    for (dst, src) in dst.iter_mut().zip(src) {
        *dst ^= src;
    }
}

/// dst = !dst, with the bits past `len` cleared.
pub fn negate(dst: &mut [u64], len: usize) {
    for word in dst.iter_mut() {
        *word = !*word;
    }
    clear_tail(dst, len);
}

/// Append words in little-endian order.
pub fn append_le(out: &mut Vec<u8>, words: &[u64]) {
    /// Words turned into bytes at a time.
    const PIECE: usize = 64;
    let mut piece = [[0; WORD_BYTES]; PIECE];
    for words in words.chunks(PIECE) {
        for (bytes, word) in piece.iter_mut().zip(words) {
            *bytes = word.to_le_bytes();
        }
        out.extend_from_slice(piece[..words.len()].as_flattened());
    }
}

/// dst = the little-endian words in `bytes`.
pub fn read_le(dst: &mut [u64], bytes: &[u8]) {
    for (word, bytes) in dst.iter_mut().zip(bytes.as_chunks::<WORD_BYTES>().0) {
        *word = u64::from_le_bytes(*bytes);
    }
}

/// dst ^= the little-endian words in `bytes`.
pub fn xor_le(dst: &mut [u64], bytes: &[u8]) {
    for (word, bytes) in dst.iter_mut().zip(bytes.as_chunks::<WORD_BYTES>().0) {
        *word ^= u64::from_le_bytes(*bytes);
    }
}

/// Whether position `at` of a plane is set; false past its end.
pub fn bit(plane: &[u64], at: usize) -> bool {
    plane.get(at / WORD).is_some_and(|word| word >> (at % WORD) & 1 == 1)
}

/// The XOR of the first `len` positions of a plane: 0 or 1.
pub fn parity(plane: &[u64], len: usize) -> u64 {
    let sum = plane.iter().take(len / WORD).fold(0, |sum, word| sum ^ word);
    let rest =
        if len.is_multiple_of(WORD) { 0 } else { plane.get(len / WORD).copied().unwrap_or(0) };
    u64::from((sum ^ rest & tail_mask(len)).count_ones() & 1)
}

/// Put `len` positions of `src` into `dst`, which is zero from position `at` on.
pub fn copy_bits(dst: &mut [u64], at: usize, src: &[u64], len: usize) {
    let (first, shift) = (at / WORD, at % WORD);
    let whole = len / WORD;
    if shift == 0
        && let Some(dst) = dst.get_mut(first..first + words(len))
        && let Some(src) = src.get(..words(len))
    {
        dst[..whole].copy_from_slice(&src[..whole]);
        if whole < src.len() {
            dst[whole] |= src[whole] & tail_mask(len);
        }
        return;
    }
    for (offset, &word) in src.iter().take(words(len)).enumerate() {
        let last = offset + 1 == words(len);
        let word = if last { word & tail_mask(len) } else { word };
        if let Some(dst) = dst.get_mut(first + offset) {
            *dst |= word << shift;
        }
        if shift > 0
            && let Some(dst) = dst.get_mut(first + offset + 1)
        {
            *dst |= word >> (WORD - shift);
        }
    }
}

/// dst = `dst.len()` words of `src` from position `at` on; zero past its end.
pub fn take_bits(dst: &mut [u64], src: &[u64], at: usize) {
    let (first, shift) = (at / WORD, at % WORD);
    for (offset, dst) in dst.iter_mut().enumerate() {
        let word = |at: usize| src.get(at).copied().unwrap_or(0);
        let low = word(first + offset) >> shift;
        *dst = if shift == 0 { low } else { low | word(first + offset + 1) << (WORD - shift) };
    }
}

/// The even positions of a word, packed into its lower half.
const fn even_bits(word: u64) -> u64 {
    let x = word & 0x5555_5555_5555_5555;
    let x = (x | x >> 1) & 0x3333_3333_3333_3333;
    let x = (x | x >> 2) & 0x0f0f_0f0f_0f0f_0f0f;
    let x = (x | x >> 4) & 0x00ff_00ff_00ff_00ff;
    let x = (x | x >> 8) & 0x0000_ffff_0000_ffff;
    (x | x >> 16) & 0x0000_0000_ffff_ffff
}

/// Pair up neighbours: position 2p of `src` becomes position p of `even`, 2p+1 that of `odd`, for
/// all p below `pairs`.
pub fn split_pairs(src: &[u64], even: &mut [u64], odd: &mut [u64], pairs: usize) {
    for (at, (even, odd)) in even.iter_mut().zip(odd.iter_mut()).enumerate() {
        let low = src.get(2 * at).copied().unwrap_or(0);
        let high = src.get(2 * at + 1).copied().unwrap_or(0);
        *even = even_bits(low) | even_bits(high) << 32;
        *odd = even_bits(low >> 1) | even_bits(high >> 1) << 32;
    }
    clear_tail(even, pairs);
    clear_tail(odd, pairs);
}

/// The lower half of a word, spread over its even positions.
const fn spread(half: u64) -> u64 {
    let x = half & 0xffff_ffff;
    let x = (x | x << 16) & 0x0000_ffff_0000_ffff;
    let x = (x | x << 8) & 0x00ff_00ff_00ff_00ff;
    let x = (x | x << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    let x = (x | x << 2) & 0x3333_3333_3333_3333;
    (x | x << 1) & 0x5555_5555_5555_5555
}

/// Undo [`split_pairs`]: position p of `even` becomes position 2p of `dst`, that of `odd` 2p+1, up
/// to position `len`.
pub fn join_pairs(dst: &mut [u64], even: &[u64], odd: &[u64], len: usize) {
    for (at, dst) in dst.iter_mut().enumerate() {
        let half = |src: &[u64]| src.get(at / 2).copied().unwrap_or(0) >> (at % 2 * WORD / 2);
        *dst = spread(half(even)) | spread(half(odd)) << 1;
    }
    clear_tail(dst, len);
}

/// Transpose a square of 64 by 64 bits: bit j of word i becomes bit i of word j.
pub fn transpose(square: &mut [u64; WORD]) {
    let mut step = WORD / 2;
    let mut mask = 0x0000_0000_ffff_ffff_u64;
    while step > 0 {
        for block in (0..WORD).step_by(2 * step) {
            for at in block..block + step {
                let swap = (square[at] >> step ^ square[at + step]) & mask;
                square[at] ^= swap << step;
                square[at + step] ^= swap;
            }
        }
        step /= 2;
        mask ^= mask << step;
    }
}

#[cfg(test)]
mod tests {
    use crate::sharing::bits::planes::*;

    #[test]
    fn a_transposed_square_has_rows_for_columns() {
        let mut square = [0; WORD];
        for (row, word) in square.iter_mut().enumerate() {
            *word = (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        let before = square;
        transpose(&mut square);
        for (row, before) in before.iter().enumerate() {
            for (column, word) in square.iter().enumerate() {
                assert_eq!(word >> row & 1, before >> column & 1);
            }
        }
    }

    #[test]
    fn neighbours_are_split_and_joined() {
        let src = [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210, 0x5];
        for len in [2, 3, 63, 64, 65, 127, 128, 129, 131] {
            let pairs = len / 2;
            let mut even = vec![0; words(pairs)];
            let mut odd = even.clone();
            split_pairs(&src[..words(len)], &mut even, &mut odd, pairs);
            for at in 0..words(pairs) * WORD {
                assert_eq!(bit(&even, at), at < pairs && bit(&src, 2 * at), "{len} {at}");
                assert_eq!(bit(&odd, at), at < pairs && bit(&src, 2 * at + 1), "{len} {at}");
            }
            let mut joined = vec![0; words(2 * pairs)];
            join_pairs(&mut joined, &even, &odd, 2 * pairs);
            for at in 0..words(2 * pairs) * WORD {
                assert_eq!(bit(&joined, at), at < 2 * pairs && bit(&src, at), "{len} {at}");
            }
        }
    }

    #[test]
    fn bits_are_copied_to_any_position() {
        let src = [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210];
        for at in [0, 1, 63, 64, 70] {
            for len in [0, 1, 64, 65, 128] {
                let mut dst = vec![0; words(at + len)];
                copy_bits(&mut dst, at, &src, len);
                for position in 0..at + len {
                    assert_eq!(bit(&dst, position), position >= at && bit(&src, position - at));
                }
            }
        }
    }

    #[test]
    fn bits_are_taken_from_any_position() {
        let src = [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210];
        for at in [0, 1, 63, 64, 70, 127, 128, 200] {
            let mut dst = [0; 3];
            take_bits(&mut dst, &src, at);
            for position in 0..3 * WORD {
                assert_eq!(bit(&dst, position), bit(&src, at + position));
            }
        }
    }

    #[test]
    fn words_go_over_the_wire_and_back() {
        let mut bytes = vec![7];
        append_le(&mut bytes, &[0x0102_0304_0506_0708, u64::MAX]);
        assert_eq!(bytes[..9], [7, 8, 7, 6, 5, 4, 3, 2, 1]);
        let mut back = [0; 2];
        read_le(&mut back, &bytes[1..]);
        assert_eq!(back, [0x0102_0304_0506_0708, u64::MAX]);
        xor_le(&mut back, &bytes[1..]);
        assert_eq!(back, [0, 0]);
    }
}
