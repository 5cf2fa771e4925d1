use super::Failure as _Unused;
