//! Generators (bytes to a case) and oracles (case to a verdict), usable from ordinary tests.
