//! Mutants: this stack with one rule broken, to see whether somebody notices.
//!
//! A row of a table names a mutant; the place of its rule asks [`crate::cx::Cx::mutant`]. Without
//! the feature `mutants` the answer is the constant no, and nothing of it is left in the code.

#[macro_use]
mod first;
#[macro_use]
mod segments;
#[macro_use]
mod handshakes;
#[macro_use]
mod sending;
#[macro_use]
mod sockets;

/// Variant, name, the rule that it breaks, and the function of Linux that has the rule.
macro_rules! table {
    (; $($variant:ident $name:literal $rule:literal $linux:literal;)*) => {
        /// A rule that can be broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "the table says what they are")]
        pub enum Mutant {
            $($variant,)*
        }

        impl Mutant {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name, in lower case and with dashes.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it does not do, or does wrongly.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$variant => $rule,)* }
            }

            /// The function of Linux that follows the rule.
            #[must_use]
            pub const fn linux(self) -> &'static str {
                match self { $(Self::$variant => $linux,)* }
            }
        }
    };
}

/// Rows of `first`.
const FIRST: usize = 30;

// Each area adds its rows to those before it, and calls the next; the last makes the enum.
first! { segments handshakes sending sockets table; }

impl Mutant {
    /// Those of `first`, which searches that know no scripts are held to.
    pub const EXPLORED: &[Self] = Self::ALL.split_at(FIRST).0;

    /// The mutant with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mutant| mutant.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_has_a_name_of_its_own() {
        for mutant in Mutant::ALL {
            assert_eq!(Mutant::named(mutant.name()), Some(*mutant));
            assert!(
                mutant
                    .name()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
            assert!(!mutant.rule().is_empty() && !mutant.linux().is_empty());
        }
        assert_eq!(Mutant::named("none"), None);
    }
}
