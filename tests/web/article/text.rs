//! What the article says, and which of it has been followed.

use std::cell::RefCell;
use std::collections::BTreeSet;

/// A section of the article, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ArticleSection {
    Title,
    Why,
    Create,
    Manage,
    Assign,
    Membership,
    Closing,
}

impl ArticleSection {
    const ALL: [Self; 7] =
        [Self::Title, Self::Why, Self::Create, Self::Manage, Self::Assign, Self::Membership, Self::Closing];

    /// Its heading and its sentences; what only leads to a list, or to another article, is left out.
    fn text(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Title => (
                "Create and manage User Groups",
                &[
                    "With User Groups, you can organize learners into teams and automate training assignments, so your people get the right courses instantly.",
                ],
            ),
            Self::Why => (
                "What are User Groups and why use them?",
                &[
                    "User Groups help you manage training at scale by structuring learners into logical teams, for example, by department, location, or role.",
                    "Instead of assigning courses to each individual separately, you assign a course once to a group.",
                    "Enrolls all current group members",
                    "Automatically enrolls new members added later",
                    "Updates enrollments when members are removed",
                    "Reduce manual administrative work",
                    "Minimize the risk of human error",
                    "Ensure consistent training across teams",
                    "Accelerate onboarding for new hires",
                    "User Groups give license holders and managers full control over team organization, without needing support to make changes.",
                ],
            ),
            Self::Create => (
                "How to create a User Group",
                &[
                    "Go to Groups in the left-hand menu",
                    "Click Create group",
                    "Enter a group name",
                    "Searching by name or scrolling through the member list",
                    "Selecting the members you want to include in the user group",
                    "Click Save",
                    "Your new group will now appear in the Groups overview.",
                ],
            ),
            Self::Manage => (
                "Managing your groups",
                &[
                    "Editing the group name",
                    "Adding or removing members",
                    "Deleting a group when it's no longer needed",
                    "Members can belong to multiple groups, so you can organize learners in flexible ways.",
                ],
            ),
            Self::Assign => (
                "Assigning courses to a group",
                &[
                    "Go to Assigned courses and click \"Assign course.\"",
                    "Select the course and click Next",
                    "Choose Assign groups and select the group you want",
                    "Set a due date",
                    "Click Save",
                    "The course will now be assigned to everyone in that group.",
                ],
            ),
            Self::Membership => (
                "What happens when group membership changes?",
                &[
                    "User Groups stay dynamic: your assignments stay up to date automatically.",
                    "When you add someone to a group, they are automatically enrolled in any courses assigned to that group.",
                    "When you remove someone, they lose access to the group assignment.",
                    "If you delete a group, any course assignments linked to that group are also removed.",
                ],
            ),
            Self::Closing => (
                "With User Groups",
                &[
                    "With User Groups, you can automate onboarding, reduce admin workload, and ensure every learner gets the right training at the right time, even as your organization grows.",
                ],
            ),
        }
    }
}

/// Somebody who follows the article.
#[derive(Debug, Default)]
pub(super) struct ArticleReader {
    followed: RefCell<BTreeSet<(ArticleSection, usize)>>,
}

impl ArticleReader {
    /// Follows a sentence, by its place in the section, counted from 1. What fails afterwards is said below it.
    #[track_caller]
    pub(super) fn follow(&self, section: ArticleSection, place: usize) {
        let (heading, sentences) = section.text();
        println!("{heading}, {place}: {}", sentences[place - 1]);
        self.followed.borrow_mut().insert((section, place));
    }

    /// No sentence was left out.
    #[track_caller]
    pub(super) fn assert_all_followed(&self) {
        let all = ArticleSection::ALL
            .into_iter()
            .flat_map(|section| (1..=section.text().1.len()).map(move |place| (section, place)));
        assert_eq!(*self.followed.borrow(), all.collect::<BTreeSet<_>>());
    }
}
