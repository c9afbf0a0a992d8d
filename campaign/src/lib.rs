//! A campaign: libFuzzer programs as workers, their time shared by what still finds something new,
//! every finding kept whatever happens.
//!
//! * [`sharing`]: who runs next; * [`libfuzzer`]: how a worker is called and what it prints;
//! * [`worker`]: one slice of one worker; * [`tool`]: questions to `synproof-fuzz`;
//! * [`store`]: what is on disk, written so that it is there whole or not at all;
//! * [`state`]: what a campaign knows; * [`run`]: the campaign itself;
//! * [`status`], [`report`]: how it goes, and how it went.
//!
//! It knows no target and no TCP: what there is, it is told by the programs it calls.

pub mod libfuzzer;
pub mod report;
pub mod run;
pub mod sharing;
pub mod state;
pub mod status;
pub mod store;
pub mod tool;
pub mod worker;
