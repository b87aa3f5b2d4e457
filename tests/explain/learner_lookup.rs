//! How the learner of an explanation is named.

use crate::support::company::{Company, email};
use crate::support::database::on_both;

/// A learner is found by the id at a connector and by the name, and several of a name are listed.
#[test]
fn learner_is_found_by_id_or_name() {
    on_both(|engine| {
        let mut company = Company::staffed(engine, &[]);
        for (who, id, name) in
            [("ada", "4711", "Ada Byron"), ("bob", "4712", "Sam Smith"), ("eve", "4713", "Sam Smith")]
        {
            company.hire(who, &[("id", id), ("name", name), ("department", "Sales")]);
        }
        company.sync();
        for text in ["4711", "ada BYRON", "hr:4711", "ada@corp.example"] {
            let explained = company.json(&["explain", text]);
            assert_eq!(explained["learner"]["email"], email("ada"), "{text}");
            assert_eq!(company.json(&["learners", "show", text])["email"], email("ada"), "{text}");
        }
        let several = company.rollcall(&["explain", "sam smith"]).expect_status(1).err;
        assert!(several.contains("bob@corp.example, eve@corp.example"), "{several}");
        // A change names its learner: a name can be that of several people.
        let refused = company.rollcall(&["learners", "suspend", "Ada Byron"]).expect_status(1).err;
        assert!(refused.contains("does not exist"), "{refused}");
        company.rollcall(&["explain", "4799"]).expect_status(1);
    });
}
