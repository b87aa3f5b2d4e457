//! Proof under fire: sources cut, programs killed, clocks apart, servers restarted, and what once went wrong elsewhere.
//!
//! Each test does as much as fits into a minute; `ROLLCALL_FIRE=long` does all of it. Where chance decides, a seed is
//! printed, and `ROLLCALL_FIRE_SEED` gives it back.

mod by_ldap;
mod copies;
mod cut;
mod incidents;
mod kill;
mod state;
mod stop;
mod story;

/// Whether all the time in the world is there.
pub fn is_long() -> bool {
    std::env::var("ROLLCALL_FIRE").is_ok_and(|text| text == "long")
}

/// A `[safety]` that holds nothing, for stories in which much goes at once.
pub const WIDE_OPEN: &str = "[safety]\nmax_removals = '100%'\nmax_removals_total = 1000000\n\
                             max_group_removals = '100%'\nmin_read = '0%'\nmax_blanked = '100%'\n\
                             max_rekeyed = '100%'\nmax_new_groups = 1000000\nmax_growth = '10000%'\n";
