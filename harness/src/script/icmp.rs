//! Names of ICMP types and codes (RFC 792, RFC 1122, RFC 1812; RFC 4443), as scripts write them.

/// What a type and a code word stand for cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IcmpNameError {
    /// No type of that name in this IP version.
    #[error("bad ICMP type")]
    Type,
    /// The type has no code of that name.
    #[error("bad ICMP code")]
    Code,
}

struct Type {
    name: &'static str,
    number: u8,
    codes: &'static [(&'static str, u8)],
}

const fn plain(name: &'static str, number: u8) -> Type {
    Type { name, number, codes: &[] }
}

const V4: &[Type] = &[
    plain("echo_reply", 0),
    Type {
        name: "unreachable",
        number: 3,
        codes: &[
            ("net_unreachable", 0),
            ("host_unreachable", 1),
            ("protocol_unreachable", 2),
            ("port_unreachable", 3),
            ("frag_needed", 4),
            ("source_route_failed", 5),
            ("net_unknown", 6),
            ("host_unknown", 7),
            ("source_host_isolated", 8),
            ("net_prohibited", 9),
            ("host_prohibited", 10),
            ("net_unreachable_for_tos", 11),
            ("host_unreachable_for_tos", 12),
            ("packet_filtered", 13),
            ("precedence_violation", 14),
            ("precedence_cutoff", 15),
        ],
    },
    plain("source_quench", 4),
    plain("redirect", 5),
    plain("echo_request", 8),
    Type {
        name: "time_exceeded",
        number: 11,
        // FreeBSD's scripts only; packetdrill knows no codes here.
        codes: &[("ttl_exceeded_in_transit", 0), ("frag_reass_exceeded", 1)],
    },
    plain("parameter_problem", 12),
    plain("timestamp_request", 13),
    plain("timestamp_reply", 14),
    plain("information_request", 15),
    plain("information_reply", 16),
    plain("address_mask_request", 17),
    plain("address_mask_reply", 18),
];

const V6: &[Type] = &[
    Type {
        name: "unreachable",
        number: 1,
        codes: &[
            ("net_unreachable", 0),
            ("no_route", 0),
            ("admin_prohibited", 1),
            ("not_neighbour", 2),
            ("address_unreachable", 3),
            ("port_unreachable", 4),
        ],
    },
    plain("packet_too_big", 2),
    Type {
        name: "time_exceeded",
        number: 3,
        codes: &[("exceeded_hop_limit", 0), ("exceeded_frag_time", 1)],
    },
    Type {
        name: "parameter_problem",
        number: 4,
        codes: &[("header_field", 0), ("unknown_next_header", 1), ("unknown_option", 2)],
    },
    plain("echo_request", 128),
    plain("echo_reply", 129),
];

/// Type and code numbers. An absent code is 0; `type_N` and `code_N` are numbers of their own.
///
/// # Errors
/// If the IP version has no type of that name, or the type no code of that name.
pub fn numbers(ty: &str, code: Option<&str>, ipv6: bool) -> Result<(u8, u8), IcmpNameError> {
    let table = if ipv6 { V6 } else { V4 };
    let named = table.iter().find(|known| known.name == ty);
    let number = match (named, ty.strip_prefix("type_")) {
        (Some(known), _) => known.number,
        (None, Some(digits)) => digits.parse().map_err(|_| IcmpNameError::Type)?,
        (None, None) => return Err(IcmpNameError::Type),
    };
    let Some(code) = code else { return Ok((number, 0)) };
    if let Some(digits) = code.strip_prefix("code_") {
        return Ok((number, digits.parse().map_err(|_| IcmpNameError::Code)?));
    }
    let codes = named.map_or(&[] as &[_], |known| known.codes);
    match codes.iter().find(|(known, _)| *known == code) {
        Some((_, code)) => Ok((number, *code)),
        None => Err(IcmpNameError::Code),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("unreachable", None, false, Ok((3, 0)))]
    #[case("unreachable", Some("frag_needed"), false, Ok((3, 4)))]
    #[case("unreachable", Some("port_unreachable"), true, Ok((1, 4)))]
    #[case("time_exceeded", Some("frag_reass_exceeded"), false, Ok((11, 1)))]
    #[case("packet_too_big", None, true, Ok((2, 0)))]
    #[case("packet_too_big", None, false, Err(IcmpNameError::Type))]
    #[case("type_200", Some("code_255"), true, Ok((200, 255)))]
    #[case("type_256", None, true, Err(IcmpNameError::Type))]
    #[case("echo_reply", Some("no_route"), true, Err(IcmpNameError::Code))]
    #[case("unreachable", Some("code_x"), true, Err(IcmpNameError::Code))]
    fn names(
        #[case] ty: &str,
        #[case] code: Option<&str>,
        #[case] ipv6: bool,
        #[case] expected: Result<(u8, u8), IcmpNameError>,
    ) {
        assert_eq!(numbers(ty, code, ipv6), expected);
    }
}
