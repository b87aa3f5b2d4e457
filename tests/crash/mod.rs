//! Proof under fire: sources cut, programs killed, clocks apart, servers restarted, and what once went wrong elsewhere.
//!
//! Each test does as much as fits into a minute; `ROLLCALL_FIRE=long` does all of it. Where chance decides, a seed is
//! printed, and `ROLLCALL_FIRE_SEED` gives it back.

mod absence_check;
mod clock_skew;
mod database_copy;
mod database_restart;
mod database_state;
mod incident_replay;
mod killed_process;
mod ldap_company;
mod paused_process;
mod schedules;
mod truncated_source;
mod two_day_scenario;

/// Whether all the time in the world is there.
pub(crate) fn is_long_run() -> bool {
    std::env::var("ROLLCALL_FIRE").is_ok_and(|text| text == "long")
}

/// A `[safety]` that holds nothing, for stories in which much goes at once.
pub(crate) const SAFETY_DISABLED: &str = "[safety]\nmax_removals = '100%'\nmax_removals_total = 1000000\n\
                             max_group_removals = '100%'\nmin_read = '0%'\nmax_blanked = '100%'\n\
                             max_rekeyed = '100%'\nmax_new_groups = 1000000\nmax_growth = '10000%'\n";

/// Chance that can be repeated (xorshift64*).
pub(crate) struct SeededRng(u64);

impl SeededRng {
    /// The same each time in the suite, another one in each long run, and the one asked for where there is one.
    pub(crate) fn new() -> Self {
        let asked: Option<u64> = std::env::var("ROLLCALL_FIRE_SEED").ok().and_then(|seed| seed.parse().ok());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        let seed = asked.unwrap_or(if is_long_run() { now.subsec_nanos().into() } else { 1 });
        eprintln!("chance of seed {seed}");
        Self(seed | 1 << 63)
    }

    /// A number from 0 up to, but not including, `end`.
    pub(crate) fn next_below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).expect("31 bits") % end
    }
}
