//! The reference TCP: the Linux TCP socket layer, sans-IO, in virtual time.
#![forbid(unsafe_code)]
