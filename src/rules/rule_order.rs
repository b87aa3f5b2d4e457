//! The order in which rules are evaluated: a rule that reads a group comes after the rules that give it.

use rollcall_model::names::GroupName;

use crate::rule::Rule;

/// Rules in the order of their evaluation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleOrder {
    /// Positions of rules; those of a level read groups of the levels before only.
    pub levels: Vec<Vec<u32>>,
    /// Rules that read their own groups, directly or through others: each circle once.
    pub circles: Vec<RuleCircle>,
    /// Rules of a circle, and those that read the groups of such rules. They are in no level.
    pub blocked: Vec<u32>,
}

/// Rules each of which reads a group that the next one gives; the last one reads a group of the first one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCircle {
    /// Positions of the rules, each with the group that it reads.
    pub steps: Vec<(u32, GroupName)>,
}

/// Orders rules. `gives` returns true if a rule may give a group.
#[must_use]
pub fn order_rules(rules: &[Rule], gives: impl Fn(u32, &GroupName) -> bool) -> RuleOrder {
    let edges = list_edges(rules, gives);
    let mut order = RuleOrder::default();
    let mut open: Vec<u32> = edges.iter().map(|(rule, _)| *rule).collect();
    let mut is_done = vec![false; rules.len()];
    while !open.is_empty() {
        let is_ready =
            |rule: &u32| edges[*rule as usize].1.iter().all(|(before, _)| is_done[*before as usize]);
        let (level, rest): (Vec<u32>, Vec<u32>) = open.iter().partition(|rule| is_ready(rule));
        if level.is_empty() {
            break;
        }
        for rule in &level {
            is_done[*rule as usize] = true;
        }
        order.levels.push(level);
        open = rest;
    }
    order.circles = find_circles(&edges, &open);
    order.blocked = open;
    order
}

/// A rule and the rules that it needs, each with the group.
type RuleEdges<'r> = (u32, Vec<(u32, &'r GroupName)>);

fn list_edges<'r>(rules: &'r [Rule], gives: impl Fn(u32, &GroupName) -> bool) -> Vec<RuleEdges<'r>> {
    let numbered = || (0..).zip(rules);
    let edges_of = |(at, rule): (u32, &'r Rule)| {
        let mut before = Vec::new();
        for group in rule.condition().groups() {
            let givers = numbered().filter(|(giver, _)| gives(*giver, group));
            // A template that may name the group for some value is not counted for the rule itself.
            let counted = givers.filter(|(giver, rule)| *giver != at || !rule.group.has_values());
            before.extend(counted.map(|(giver, _)| (giver, group)));
        }
        (at, before)
    };
    numbered().map(edges_of).collect()
}

/// Follows the first unfinished rule that each rule needs, until one occurs twice.
fn find_circles(edges: &[RuleEdges<'_>], open: &[u32]) -> Vec<RuleCircle> {
    let mut circles: Vec<RuleCircle> = Vec::new();
    let mut seen: Vec<u32> = Vec::new();
    for &start in open {
        let mut path: Vec<(u32, GroupName)> = Vec::new();
        let mut at = start;
        while !seen.contains(&at) {
            seen.push(at);
            let next = edges[at as usize].1.iter().find(|(before, _)| open.contains(before));
            let Some((before, group)) = next else { break };
            path.push((at, (*group).clone()));
            at = *before;
        }
        if let Some(first) = path.iter().position(|(rule, _)| *rule == at) {
            circles.push(RuleCircle { steps: path.split_off(first) });
        }
    }
    circles
}
