//! Room for counters, and how they are written.

use rstest::rstest;

use super::{Saving, push_accecn, tcp_accecn_option_init, tcp_options_fit_accecn};
use crate::accecn::SawOpt;
use crate::wire::{AccEcn, OptionBuf};

#[rstest]
#[case::all(0, 40, 0, 0, Some((3, 0)))]
#[case::just_all(0, 12, 0, 0, Some((3, 0)))]
#[case::two(0, 8, 0, 0, Some((2, 0)))]
#[case::one_needs_padding_of_another_option(0, 4, 0, 0, Some((0, 0)))]
#[case::one_in_the_padding_before_a_window_scale(0, 4, 0, 1, Some((1, 0)))]
#[case::none_in_the_padding_before_sack(0, 0, 2, 2, Some((0, 2)))]
#[case::no_room_for_what_changed(2, 4, 2, 2, None)]
#[case::a_third_block_gives_way(2, 0, 3, 2, Some((2, 2)))]
#[case::two_blocks_stay(1, 0, 2, 2, None)]
#[case::what_has_not_changed_takes_no_block(0, 0, 4, 2, Some((0, 4)))]
fn fits(
    #[case] required: u8,
    #[case] room: usize,
    #[case] blocks: usize,
    #[case] saving: usize,
    #[case] expected: Option<(u8, usize)>,
) {
    let fit = tcp_options_fit_accecn(required, room, blocks, Saving(saving));
    assert_eq!(fit, expected);
}

#[rstest]
#[case(0, "ae 02")]
#[case(1, "ae 05 000002")]
#[case(2, "ae 08 000002 000003")]
#[case(3, "ae 0b 000002 000003 000000 01")]
fn written(#[case] fields: u8, #[case] expected: &str) {
    let mut buf = OptionBuf::default();
    // The counter of ECT(0) has come to its end: with what the wire adds it is 0.
    push_accecn(&mut buf, fields, [1, 0xff_ffff, 3]);
    let hex: String = buf.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, expected.replace(' ', ""));
}

#[rstest]
#[case([None, None, None], SawOpt::Empty)]
#[case([Some(1), None, None], SawOpt::Counter)]
#[case([Some(0), None, None], SawOpt::Fail)]
#[case([Some(1), Some(0), Some(1)], SawOpt::Counter)]
#[case([Some(1), Some(0), Some(0)], SawOpt::Fail)]
fn first_option(#[case] counters: [Option<u32>; 3], #[case] expected: SawOpt) {
    for first_e1b in [false, true] {
        assert_eq!(tcp_accecn_option_init(AccEcn { first_e1b, counters }), expected);
    }
}
