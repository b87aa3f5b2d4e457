//! What has gone wrong with other programs of this kind, in public, each once more here.

use super::stop::worker_overtaken_anywhere;
use crate::support::database::on_both;

#[test]
fn a_slow_worker_that_others_have_overtaken_records_no_failure_and_does_nothing_twice() {
    on_both(|engine| worker_overtaken_anywhere(engine, 12));
}
