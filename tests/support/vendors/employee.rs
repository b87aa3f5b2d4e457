//! The people of the test systems, before each of them says it in its own words.

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Employee {
    pub number: usize,
    pub department: String,
    pub place: String,
    pub role: String,
    /// Whether they are still there.
    pub is_employed: bool,
    /// The number of their manager.
    pub manager: Option<usize>,
}

impl Employee {
    pub(crate) fn new(number: usize) -> Self {
        let of = |names: &[&str], step: usize| names[number / step % names.len()].to_owned();
        Self {
            number,
            department: of(&["Sales", "Care", "Engineering", "Légal"], 1),
            place: of(&["Berlin", "Lyon", "Kraków"], 4),
            role: of(&["Clerk", "Lead"], 12),
            is_employed: number % 10 != 9,
            manager: (number > 0).then_some(0),
        }
    }

    pub(crate) fn id(&self) -> String {
        format!("E{:04}", self.number)
    }

    pub(crate) fn email(&self) -> String {
        format!("p{}@corp.example", self.number)
    }

    pub(crate) fn given(&self) -> String {
        format!("Given{}", self.number)
    }

    pub(crate) fn family(&self) -> String {
        format!("Family{}", self.number)
    }

    pub(crate) fn manager_id(&self) -> Option<String> {
        self.manager.map(|number| Self::new(number).id())
    }
}

/// So many people.
pub(crate) fn make_employees(count: usize) -> Vec<Employee> {
    (0..count).map(Employee::new).collect()
}
