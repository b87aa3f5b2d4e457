//! Companies that the tests of several subjects begin with. What one subject needs besides is added there.

use super::company::Company;
use super::database::Engine;

impl Company {
    /// A group for each department, and people, each in a department.
    pub(crate) fn staffed(engine: Engine, people: &[(&str, &str)]) -> Self {
        let mut company = Self::new(engine);
        company.departments();
        for (who, department) in people {
            company.hire(who, &[("department", department)]);
        }
        company
    }

    /// People in Sales, whose course is `GDPR`; `due` are further lines of the assignment.
    pub(crate) fn sales(engine: Engine, people: &[&str], due: &str) -> Self {
        let people: Vec<(&str, &str)> = people.iter().map(|who| (*who, "Sales")).collect();
        let mut company = Self::staffed(engine, &people);
        company.course_for("GDPR", "Sales", due);
        company
    }

    /// A company under the default limits, with so many people in Sales (`s1`, `s2` and so on) and in Research (`r1`, `r2` and
    /// so on).
    pub(crate) fn limited(engine: Engine, sales: usize, research: usize) -> Self {
        let mut company = Self::staffed(engine, &[]);
        company.use_default_limits();
        company.hire_many("s", sales, &[("department", "Sales")]);
        company.hire_many("r", research, &[("department", "Research")]);
        company
    }

    /// A course of the file, assigned to a group; `due` are further lines of the assignment.
    pub(crate) fn course_for(&mut self, course: &str, group: &str, due: &str) {
        self.course(course);
        self.assignment(course, group, due);
    }
}
