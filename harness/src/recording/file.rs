//! Recordings as files: zstd frames, and a mark at the end.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use zstd::stream::write::Encoder;

use crate::report::Report;

use super::recorder::{Line, Part};
use super::{FORMAT, RecordingError};

/// What a zstd frame begins with.
pub(super) const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// The head of a frame that decoders skip, of eight bytes: the length of everything before it.
const MARK: [u8; 8] = [0x5A, 0x2A, 0x4D, 0x18, 8, 0, 0, 0];
/// The bytes of the mark and the length.
const MARK_SIZE: usize = 16;
/// What a recording of an earlier format begins with, which was not compressed.
pub(super) const PLAIN: &[u8] = b"{\"orrery_recording\"";
/// Bytes of the first line of a recording of an earlier format, at most.
const FIRST_LINE_MAX: u64 = 1 << 16;
/// Zstd's own default: twice as fast as the levels that save a tenth more.
const LEVEL: i32 = 3;

/// Writes all lines of a run to `path`, one at a time as they come, and returns what the last one says. The file
/// appears whole or not at all: until then it is `path` with the number of the process and `.tmp` behind it. That is
/// what a process leaves that was killed, and it reads up to its last whole frame.
///
/// # Errors
/// Where the file cannot be written.
pub fn write(path: &Path, lines: impl Iterator<Item = Line>) -> Result<Report, RecordingError> {
    let part = part(path);
    let written =
        write_part(&part, lines).and_then(|report| fs::rename(&part, path).map(|()| report));
    written.map_err(|error| {
        // What was begun is of no use to anybody; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&part);
        RecordingError::File { path: path.display().to_string(), error }
    })
}

/// Where a file is written until it is whole: beside it, under a name that no other process uses.
fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    PathBuf::from(name)
}

fn write_part(part: &Path, lines: impl Iterator<Item = Line>) -> io::Result<Report> {
    let file = BufWriter::new(File::create(part)?);
    let (file, report) = write_to(file, lines)?;
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    Ok(report)
}

/// Writes all lines and the mark. The header and each whole world begin a frame.
pub(super) fn write_to<W: Write + Seek>(
    out: W,
    lines: impl Iterator<Item = Line>,
) -> io::Result<(W, Report)> {
    let mut frame = begin(out)?;
    let mut report = None;
    let mut is_first_view = true;
    for line in lines {
        match line.part {
            Part::View if is_first_view => is_first_view = false,
            Part::View => frame = begin(finish(frame)?)?,
            Part::End(said) => report = Some(*said),
            Part::Header | Part::Event(_) => {}
        }
        writeln!(frame, "{}", line.text)?;
    }
    let mut out = finish(frame)?;
    let length = out.stream_position()?;
    out.write_all(&mark(length))?;
    let report = report.ok_or_else(|| io::Error::other("the run did not come to its end"))?;
    Ok((out, report))
}

fn begin<'a, W: Write>(out: W) -> io::Result<Encoder<'a, W>> {
    let mut frame = Encoder::new(out, LEVEL)?;
    frame.include_checksum(true)?;
    Ok(frame)
}

/// Ends a frame. It is in the file then, whatever becomes of this process.
fn finish<W: Write>(frame: Encoder<'_, W>) -> io::Result<W> {
    let mut out = frame.finish()?;
    out.flush()?;
    Ok(out)
}

/// Whether the file at `path` begins like a recording, of this format or another.
pub fn is_recording(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| {
        let most = PLAIN.len() as u64;
        file.take(most).read_to_end(&mut start)
    });
    read.is_ok() && (start.starts_with(&MAGIC) || start == PLAIN)
}

/// What stands at the end of a file with so many bytes of frames: a frame that decoders skip. Without it, a file that
/// was cut short could not be told from one that was damaged.
pub(super) fn mark(length: u64) -> [u8; MARK_SIZE] {
    let mut mark = [0; MARK_SIZE];
    mark[..MARK.len()].copy_from_slice(&MARK);
    mark[MARK.len()..].copy_from_slice(&length.to_le_bytes());
    mark
}

/// How many bytes of a file are frames, and whether its mark says that these are all.
pub(super) fn mark_says<F: Read + Seek>(file: &mut F) -> io::Result<(u64, bool)> {
    let all = file.seek(SeekFrom::End(0))?;
    let Some(length) = all.checked_sub(MARK_SIZE as u64) else { return Ok((all, false)) };
    let mut found = [0; MARK_SIZE];
    file.seek(SeekFrom::Start(length))?;
    file.read_exact(&mut found)?;
    Ok(if found == mark(length) { (length, true) } else { (all, false) })
}

/// Refuses what begins otherwise than a recording of this format.
pub(super) fn check_start<F: Read>(path: &str, file: &mut F) -> Result<(), RecordingError> {
    let mut start = Vec::new();
    let read = file.take(FIRST_LINE_MAX).read_to_end(&mut start);
    read.map_err(|error| RecordingError::File { path: path.to_string(), error })?;
    if start.is_empty() {
        return Err(RecordingError::Empty(path.to_string()));
    }
    if start.starts_with(&MAGIC) {
        return Ok(());
    }
    if start.starts_with(PLAIN) {
        let text = String::from_utf8_lossy(&start);
        return Err(other_format(path, text.lines().next().unwrap_or_default()));
    }
    Err(RecordingError::NoRecording(path.to_string()))
}

/// What is to be said of the first line of a recording that cannot be read here.
pub(super) fn other_format(path: &str, line: &str) -> RecordingError {
    #[derive(serde::Deserialize)]
    struct Start {
        orrery_recording: u32,
        engine: String,
    }
    let path = path.to_string();
    match serde_json::from_str::<Start>(line) {
        Ok(start) if start.orrery_recording != FORMAT => {
            let (found, engine) = (start.orrery_recording, start.engine);
            RecordingError::Format { path, found, engine }
        }
        Ok(_) | Err(_) => RecordingError::NoRecording(path),
    }
}
