//! `cargo xtask uml`: Linux kernels built as ordinary programs, for the `uml` target.
//!
//! User-Mode Linux (`ARCH=um`) with `CONFIG_UML_TIME_TRAVEL_SUPPORT` is a real kernel whose clock
//! jumps instead of waiting. What is here turns a kernel tree into such a program and keeps it
//! where `synproof run --target uml` looks for it. Running one is the harness's business.
//!
//! From the outside in: [`command`] (the command line), [`build`] (the order of things), [`request`]
//! and [`source`] (which tree), [`needs`] (what the machine must have), [`tree`] (is it a kernel we
//! can build), [`unpack`], [`kconfig`] and [`fragment`] (its configuration), [`make`] (kbuild and its
//! log), [`cache`] and [`entry`] (where results live).

mod build;
mod cache;
mod command;
mod digest;
mod entry;
mod fragment;
mod git;
mod kconfig;
mod make;
mod needs;
mod request;
mod shelf;
mod source;
mod tree;
mod unpack;

pub(crate) use command::{UmlJob, uml};
