//! A queue between the program and standard error. A reader that stalls or goes away stops no task of the service.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Number of lines that may wait for the reader of standard error. Further lines are dropped and counted.
const QUEUE_LINES: usize = 8_192;

/// Time that the end of the program waits for the last lines.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

enum LogItem {
    Line(Vec<u8>),
    /// Answered when all lines before it are written.
    Flush(SyncSender<()>),
}

/// How a line is written so that no text in it acts on a terminal.
pub(crate) type LineFormat = fn(&str) -> Cow<'_, str>;

/// Where log lines are written to. A write never waits and never fails.
#[derive(Debug, Clone)]
pub(crate) struct LogQueue {
    items: SyncSender<LogItem>,
    dropped: Arc<AtomicU64>,
}

impl LogQueue {
    /// Starts the thread that writes the lines to `output`.
    pub(crate) fn start(output: impl Write + Send + 'static, format: LineFormat) -> std::io::Result<Self> {
        let (items, waiting) = sync_channel(QUEUE_LINES);
        let dropped = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&dropped);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_lines(output, format, &waiting, &count))?;
        Ok(Self { items, dropped })
    }

    /// Waits for the lines that were logged before, for one second at most.
    pub(crate) fn flush(&self) {
        let (written, answer) = sync_channel(1);
        if self.items.try_send(LogItem::Flush(written)).is_ok() {
            // An output that does not take the lines in time takes them never.
            let _ = answer.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

impl Write for LogQueue {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        match self.items.try_send(LogItem::Line(line.to_owned())) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn write_lines(mut output: impl Write, format: LineFormat, waiting: &Receiver<LogItem>, dropped: &AtomicU64) {
    for item in waiting {
        // A log that cannot be written cannot be reported either.
        match item {
            LogItem::Line(line) => drop(output.write_all(format(&String::from_utf8_lossy(&line)).as_bytes())),
            LogItem::Flush(written) => {
                let _ = output.flush();
                let _ = written.send(());
            }
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(output, "{lost} log lines were dropped: standard error was not read in time");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use rollcall_model::terminal_text::show_log_line;

    use super::*;

    /// An output that waits until the test lets it go on.
    struct SlowOutput {
        go_on: Receiver<()>,
        text: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for SlowOutput {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            // The first write waits; afterwards the sender is gone.
            let _ = self.go_on.recv();
            self.text.lock().expect("no writer panicked").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn stalled_output_blocks_no_writer_and_lost_lines_are_counted() {
        let (go_on, wait) = sync_channel(0);
        let text = Arc::new(Mutex::new(Vec::new()));
        let mut queue = LogQueue::start(SlowOutput { go_on: wait, text: Arc::clone(&text) }, show_log_line)
            .expect("a thread");
        for _ in 0..QUEUE_LINES + 100 {
            queue.write_all(b"line\n").expect("a write never fails");
        }
        drop(go_on);
        while queue.items.try_send(LogItem::Line(Vec::new())).is_err() {
            std::thread::yield_now();
        }
        let (written, answer) = sync_channel(1);
        queue.items.send(LogItem::Flush(written)).expect("the thread takes items");
        answer.recv().expect("the thread writes all lines");
        let text = String::from_utf8(text.lock().expect("no writer panicked").clone()).expect("text");
        let lost: usize = text
            .lines()
            .filter_map(|line| {
                line.strip_suffix(" log lines were dropped: standard error was not read in time")
            })
            .map(|count| count.parse::<usize>().expect("a number"))
            .sum();
        assert_eq!(text.lines().filter(|line| *line == "line").count() + lost, QUEUE_LINES + 100);
        assert!(lost > 0);
    }

    #[test]
    fn output_that_fails_stops_nothing() {
        struct ClosedOutput;
        impl Write for ClosedOutput {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
        }
        let mut queue = LogQueue::start(ClosedOutput, show_log_line).expect("a thread");
        queue.write_all(b"first\n").expect("a write never fails");
        LogQueue::flush(&queue);
        queue.write_all(b"second\n").expect("a write never fails");
    }
}
