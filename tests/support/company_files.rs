//! What a company writes down: its people in CSV files, its rules and courses in a file of TOML.

use std::fs;
use std::path::PathBuf;

use chrono::{NaiveDate, TimeDelta};
use rollcall_config::Config;

use super::company::{Company, email};

/// The columns of a CSV file, each mapped to the attribute of the same name.
pub(crate) const COLUMNS: [&str; 9] =
    ["id", "email", "name", "department", "location", "role", "status", "start_date", "end_date"];

/// Every column that a directory may have.
const ALL_COLUMNS: [&str; 10] =
    ["id", "email", "name", "department", "location", "role", "status", "start_date", "end_date", "manager"];

/// Limits that nothing reaches: half of a handful of people may go in stories that are about something else.
const NO_SAFETY_LIMITS: &str = "
[safety]
max_removals = '100%'
max_removals_total = 1000000
max_group_removals = '100%'
min_read = '0%'
max_blanked = '100%'
max_rekeyed = '100%'
max_new_groups = 1000000
max_growth = '10000%'
";

const SEPARATOR: &str = "list_separator = \"|\"\n";

/// One of the company's directories.
pub(crate) struct CsvDirectory {
    pub name: String,
    settings: String,
    /// Which of the columns the connector maps.
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// What stands in the file instead of the rows.
    instead: Option<Vec<u8>>,
}

impl Company {
    /// Adds a directory that maps these columns; `settings` are further lines of the connector.
    pub(crate) fn directory(&mut self, name: &str, columns: &[&'static str], settings: &str) {
        self.directories.retain(|one| one.name != name);
        self.directories.push(CsvDirectory {
            name: name.to_owned(),
            settings: settings.to_owned(),
            columns: columns.to_vec(),
            rows: Vec::new(),
            instead: None,
        });
    }

    /// Further lines for a connector that is there.
    pub(crate) fn settings(&mut self, name: &str, settings: &str) {
        self.directory_mut(name).settings = settings.to_owned();
    }

    fn directory_mut(&mut self, name: &str) -> &mut CsvDirectory {
        self.directories.iter_mut().find(|one| one.name == name).expect("a directory of that name")
    }

    /// A rule that gives a group, or several by a template.
    pub(crate) fn rule(&mut self, name: &str, group: &str, when: &str) {
        self.text.push_str(&format!("[[rule]]\nname = '{name}'\ngroup = '{group}'\nwhen = '{when}'\n"));
    }

    /// A rule a group: whoever is in the department is in the group of its name.
    pub(crate) fn departments(&mut self) {
        self.rule("departments", "{department}", "department != \"\"");
    }

    /// A course of the file.
    pub(crate) fn course(&mut self, code: &str) {
        self.text.push_str(&format!("[[course]]\ncode = '{code}'\ntitle = 'All about {code}'\n"));
    }

    /// An assignment of the file; `due` are its further lines.
    pub(crate) fn assignment(&mut self, course: &str, group: &str, due: &str) {
        self.text.push_str(&format!("[[assignment]]\ncourse = '{course}'\ngroups = ['{group}']\n{due}\n"));
    }

    /// Takes the sections that hold a text out of the file.
    pub(crate) fn strike(&mut self, text: &str) {
        let sections = self.text.split("[[").skip(1).filter(|one| !one.contains(text));
        let kept: String = sections.map(|one| format!("[[{one}")).collect();
        assert_ne!(kept, self.text, "the file has a section with `{text}`");
        self.text = kept;
    }

    /// Somebody comes: a row in the first directory.
    pub(crate) fn hire(&mut self, who: &str, values: &[(&str, &str)]) {
        let first = self.directories[0].name.clone();
        self.hire_at(&first, who, values);
    }

    /// A row in a certain directory.
    pub(crate) fn hire_at(&mut self, directory: &str, who: &str, values: &[(&str, &str)]) {
        let mut row = vec![String::new(); ALL_COLUMNS.len()];
        (row[0], row[1], row[2]) = (who.to_owned(), email(who), who.to_owned());
        self.directory_mut(directory).rows.push(row);
        self.change_at(directory, who, values);
    }

    /// Changes what the first directory says of somebody.
    pub(crate) fn change(&mut self, who: &str, values: &[(&str, &str)]) {
        let first = self.directories[0].name.clone();
        self.change_at(&first, who, values);
    }

    /// Changes the last row of somebody in a certain directory.
    pub(crate) fn change_at(&mut self, directory: &str, who: &str, values: &[(&str, &str)]) {
        let row =
            self.directory_mut(directory).rows.iter_mut().rev().find(|row| row[0] == who).expect("a row");
        for (column, value) in values {
            let at = ALL_COLUMNS.iter().position(|one| one == column).expect("a column of that name");
            row[at] = (*value).to_owned();
        }
    }

    /// Moves the start dates of all rows of all directories by so many days.
    pub(crate) fn move_start_dates(&mut self, days: i64) {
        let at = ALL_COLUMNS.iter().position(|one| *one == "start_date").expect("a column");
        for row in self.directories.iter_mut().flat_map(|directory| &mut directory.rows) {
            if let Ok(day) = row[at].parse::<NaiveDate>() {
                row[at] = (day + TimeDelta::days(days)).to_string();
            }
        }
    }

    /// Somebody moves to another department.
    pub(crate) fn move_to(&mut self, who: &str, department: &str) {
        self.change(who, &[("department", department)]);
    }

    /// The first directory no longer holds somebody.
    pub(crate) fn leave(&mut self, who: &str) {
        let first = self.directories[0].name.clone();
        self.leave_at(&first, who);
    }

    /// A certain directory no longer holds somebody.
    pub(crate) fn leave_at(&mut self, directory: &str, who: &str) {
        let rows = &mut self.directory_mut(directory).rows;
        let before = rows.len();
        rows.retain(|row| row[0] != who);
        assert!(rows.len() < before, "`{who}` was in `{directory}`");
    }

    /// A certain directory holds nobody.
    pub(crate) fn fire_all(&mut self, directory: &str) {
        self.directory_mut(directory).rows.clear();
    }

    /// Puts these bytes in the place of a directory's file, or its rows again.
    pub(crate) fn instead(&mut self, directory: &str, bytes: Option<&[u8]>) {
        self.directory_mut(directory).instead = bytes.map(<[u8]>::to_vec);
    }

    /// What a directory's file says.
    pub(crate) fn csv(&self, directory: &str) -> Vec<u8> {
        let one = self.directories.iter().find(|one| one.name == directory).expect("a directory");
        if let Some(bytes) = &one.instead {
            return bytes.clone();
        }
        let mut text = one.columns.join(",") + "\n";
        for row in &one.rows {
            let cell = |name: &&str| {
                let at = ALL_COLUMNS.iter().position(|column| column == name).expect("a column");
                format!("\"{}\"", row[at].replace('"', "\"\""))
            };
            text.push_str(&(one.columns.iter().map(cell).collect::<Vec<_>>().join(",") + "\n"));
        }
        text.into_bytes()
    }

    /// The file as it stands.
    pub(crate) fn toml(&self) -> String {
        let mut text = format!("timezone = '{}'\n{}\n", self.zone, self.head);
        if !self.head.contains("[web]") {
            text.push_str("[web]\nlisten = '127.0.0.1:0'\n");
        }
        if !self.head.contains("[safety]") {
            text.push_str(NO_SAFETY_LIMITS);
        }
        let url = format!("[database]\nurl = '{}'\n", self.db.url);
        if self.head.contains("[database]\n") {
            text = text.replacen("[database]\n", &url, 1);
        } else {
            text.push_str(&url);
        }
        for one in &self.directories {
            let name = &one.name;
            text.push_str(&format!("[[connector]]\nname = '{name}'\n"));
            if !one.settings.contains("kind = ") {
                text.push_str(&format!("kind = 'csv'\npath = '{name}.csv'\nmin_rows = 0\n{SEPARATOR}"));
            }
            text.push_str(&format!("{}\n[connector.attributes]\n", one.settings));
            for column in &one.columns {
                text.push_str(&format!("{column} = '{column}'\n"));
            }
            if one.columns.contains(&"status") {
                text.push_str(
                    "[connector.status]\nactive = ['active']\nleave = ['leave']\nleft = ['left']\n",
                );
            }
        }
        text + &self.text
    }

    /// The path of the file, written just now together with the people.
    pub(crate) fn write(&self) -> PathBuf {
        for one in &self.directories {
            let path = self.folder.path().join(format!("{}.csv", one.name));
            fs::write(path, self.csv(&one.name)).expect("written");
        }
        let path = self.folder.path().join("rollcall.toml");
        fs::write(&path, self.toml()).expect("written");
        path
    }

    /// The file as rollcall reads it.
    pub(crate) fn config(&self) -> Config {
        let path = self.write();
        Config::load(&path, &|_| None).unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }
}
