//! Which instructions the processor has.

/// Products without carries (PCLMULQDQ), and vectors of 256 bits (AVX2).
#[inline]
pub(super) fn wide() -> bool {
    std::arch::is_x86_feature_detected!("pclmulqdq") && std::arch::is_x86_feature_detected!("avx2")
}

/// Two such products side by side (VPCLMULQDQ) as well.
#[inline]
pub(super) fn wider() -> bool {
    std::arch::is_x86_feature_detected!("vpclmulqdq") && wide()
}

/// Vectors of 512 bits, whose bytes change places freely (AVX-512 F, BW and VBMI), and products of
/// bytes and matrices (GFNI), as well.
#[inline]
pub(super) fn widest() -> bool {
    std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512vbmi")
        && std::arch::is_x86_feature_detected!("gfni")
        && wider()
}
