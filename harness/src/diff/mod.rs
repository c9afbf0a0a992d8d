//! Two logs of the same script held against each other: where do the two targets first part?
//!
//! Only logs go in. Reading order: `compare` (the whole of a comparison), then what it compares:
//! `flows` (packets; `packets` for the fields of two, `cuts` for the same bytes in other pieces),
//! `results` (what calls returned), `series` (states, readiness, `TCP_INFO`), `drawn` (what each side
//! drew at random). `rules` has the allowed differences, `known` the recorded ones, `timing` when
//! things happened, `timeline` both sides side by side.

mod class;
mod compare;
mod cuts;
mod drawn;
mod flows;
mod known;
mod packets;
mod results;
mod rules;
#[cfg(test)]
pub(crate) mod sample;
mod series;
mod timeline;
mod timing;
mod verdict;
mod view;

pub use compare::compare;
pub use known::{Judged, Known, KnownError, Recorded, Rfc, known, recorded};
pub use rules::{RuleError, RuleName, RuleText, Rules, rule_texts};
pub use timeline::{Cell, Row, timeline};
pub(crate) use timing::AT_ONCE_US;
pub use verdict::{Class, Comparison, Divergence, FieldDiff, Seen, Timing, Verdict};
