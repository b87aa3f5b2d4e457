//! Groups that rules read with `in_group`: circles between rules are errors.

use crate::section::ConfigSection;
use rollcall_model::names::GroupName;
use rollcall_rules::rule::Rule;
use rollcall_rules::rule_order::{RuleCircle, order_rules};

/// Reports rules that read their own groups, directly or through other rules. Each rule is that of a section.
pub(super) fn report_circles(sections: &[ConfigSection<'_>], rules: &[Rule]) {
    let order = order_rules(rules, |rule, group| rules[rule as usize].group.may_name(group));
    for circle in &order.circles {
        let Some((rule, _)) = circle.steps.first() else { continue };
        let section = &sections[*rule as usize];
        let Some(when) = section.text("when") else { continue };
        let finding = when.finding(describe_circle(circle, rules));
        let hint = "a rule must not depend on a group that it gives: read an attribute instead, or put a text of its own \
                    into the template of the group";
        section.report.report_error(finding.hint(hint.to_owned()));
    }
}

/// For example "the rule `a` reads the group `B`, which the rule `b` gives; the rule `b` reads …".
fn describe_circle(circle: &RuleCircle, rules: &[Rule]) -> String {
    let name = |rule: u32| rules[rule as usize].name.as_str();
    let givers = circle.steps.iter().cycle().skip(1);
    let step = |((rule, group), (giver, _)): (&(u32, GroupName), &(u32, GroupName))| {
        if rule == giver {
            format!("the rule `{}` reads the group `{}`, which it gives", name(*rule), group.shown())
        } else {
            let (rule, giver) = (name(*rule), name(*giver));
            format!("the rule `{rule}` reads the group `{}`, which the rule `{giver}` gives", group.shown())
        }
    };
    circle.steps.iter().zip(givers).map(step).collect::<Vec<_>>().join("; ")
}
