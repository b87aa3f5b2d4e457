//! Manual pages of the program and of every command.

use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use super::args::command_help::{ENVIRONMENT, FILES, HelpEntry, build_command, list_exit_statuses};
use super::error::CliError;
use super::output::{self, count};

/// Prints the page of a command, which is named by its words, or writes all pages to a folder.
pub(crate) fn man(words: &[String], folder: Option<&Path>) -> Result<u8, CliError> {
    let mut program = build_command().disable_help_subcommand(true);
    program.build();
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)?;
        let pages = write_pages(&program, "", folder)?;
        let pages = count(pages, "page", "pages");
        output::print_result(&format!("wrote {pages} to `{}`", folder.display()))?;
        return Ok(0);
    }
    let page = render_page(find_command(&program, words)?, &words.join(" "))?;
    output::print_result(page.trim_end())?;
    Ok(0)
}

fn find_command<'c>(program: &'c Command, words: &[String]) -> Result<&'c Command, CliError> {
    words.iter().try_fold(program, |command, word| {
        command.find_subcommand(word).ok_or_else(|| {
            CliError::usage(format!("`rollcall {}` is not a command", words.join(" ")))
                .hint("`rollcall --help` lists all commands")
        })
    })
}

/// Writes the page of a command and those of its subcommands; returns their number.
fn write_pages(command: &Command, words: &str, folder: &Path) -> io::Result<u64> {
    let file = folder.join(Man::new(command.clone()).get_filename());
    std::fs::write(file, render_page(command, words)?)?;
    command.get_subcommands().try_fold(1, |pages, one| {
        let words = format!("{words} {}", one.get_name());
        Ok(pages + write_pages(one, words.trim_start(), folder)?)
    })
}

fn render_page(command: &Command, words: &str) -> io::Result<String> {
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut page = String::from_utf8_lossy(&page).into_owned();
    push_section(&mut page, "EXIT STATUS", &list_exit_statuses(words));
    push_section(&mut page, "ENVIRONMENT", &ENVIRONMENT);
    push_section(&mut page, "FILES", &FILES);
    if !words.is_empty() {
        page.push_str(".SH \"SEE ALSO\"\n\\fBrollcall\\fR(1)\n");
    }
    Ok(page)
}

fn push_section(page: &mut String, title: &str, entries: &[HelpEntry]) {
    page.push_str(&format!(".SH \"{title}\"\n"));
    for (name, text) in entries {
        page.push_str(&format!(".TP\n\\fB{}\\fR\n{}\n", escape(name), escape(text)));
    }
}

/// A hyphen of an option is a minus sign.
fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}
