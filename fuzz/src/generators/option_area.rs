//! A seed to an option area: well-formed options in any order, some of them cut or with a wrong
//! length, behind a byte that says whether the segment is a SYN.

use crate::Seeded;

/// Options as they are on the wire.
pub const DICTIONARY: &[&[u8]] = &[
    &[0],
    &[1],
    &[2, 4, 5, 0xb4],
    &[3, 3, 7],
    &[3, 3, 15],
    &[4, 2],
    &[5, 10, 0, 0, 0, 1, 0, 0, 0, 2],
    &[5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 9],
    &[8, 10, 0, 0, 0, 1, 0, 0, 0, 2],
    &[19, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    &[34, 2],
    &[34, 6, 1, 2, 3, 4],
    &[34, 10, 1, 2, 3, 4, 5, 6, 7, 8],
    &[34, 5, 1, 2, 3],
    &[254, 4, 0xf9, 0x89],
    &[254, 8, 0xf9, 0x89, 1, 2, 3, 4],
    &[254, 4, 0, 0],
    &[172, 5, 0, 0, 1],
    &[174, 11, 0, 0, 1, 0, 0, 2, 0, 0, 3],
    &[29, 4, 0, 0],
];

/// Up to eight options.
#[must_use]
pub fn generate(seeded: &mut Seeded) -> Vec<u8> {
    let mut area = vec![u8::from(seeded.one_in(2))];
    for _ in 0..seeded.below(9) {
        let option = seeded.pick(DICTIONARY).copied().unwrap_or_default();
        area.extend_from_slice(option);
        if seeded.one_in(6)
            && let Some(byte) = option.len().checked_sub(1).and_then(|at| {
                let len = area.len();
                area.get_mut(len - 1 - at.min(1))
            })
        {
            *byte = seeded.bytes(1).first().copied().unwrap_or_default();
        }
    }
    area.truncate(41);
    area
}
