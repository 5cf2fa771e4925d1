//! Operators for a field's element type, from its `plus`, `minus`, `times` and `negated`.

macro_rules! operators {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> std::ops::Add for $type {
            type Output = Self;
            #[inline]
            fn add(self, other: Self) -> Self {
                self.plus(other)
            }
        }
        impl<$($generics)*> std::ops::Sub for $type {
            type Output = Self;
            #[inline]
            fn sub(self, other: Self) -> Self {
                self.minus(other)
            }
        }
        impl<$($generics)*> std::ops::Mul for $type {
            type Output = Self;
            #[inline]
            fn mul(self, other: Self) -> Self {
                self.times(other)
            }
        }
        impl<$($generics)*> std::ops::Neg for $type {
            type Output = Self;
            #[inline]
            fn neg(self) -> Self {
                self.negated()
            }
        }
        impl<$($generics)*> std::ops::AddAssign for $type {
            #[inline]
            fn add_assign(&mut self, other: Self) {
                *self = self.plus(other);
            }
        }
        impl<$($generics)*> std::ops::SubAssign for $type {
            #[inline]
            fn sub_assign(&mut self, other: Self) {
                *self = self.minus(other);
            }
        }
        impl<$($generics)*> std::ops::MulAssign for $type {
            #[inline]
            fn mul_assign(&mut self, other: Self) {
                *self = self.times(other);
            }
        }
    };
}

pub(super) use operators;
