//! Where a course or an assignment is defined.

use crate::text_enum::text_enum;

text_enum! {
    /// Where a course or an assignment is defined.
    DefinitionSource {
        /// Created by a person.
        Hand = "hand",
        /// In the configuration file.
        File = "file",
    }
}
