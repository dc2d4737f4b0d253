//! The journal of an unfinished run: what is done is kept, what is torn is dropped.
//!
//! ```text
//! file    = magic record*
//! record  = length (4 bytes) · cell (4) · key (8) · payload (length) · checksum (8)      little-endian
//! ```
//!
//! The checksum is the first eight bytes of the SHA-256 of everything before it in the record, and of the record's
//! offset, so that no record is taken for another. Opening reads the file once and cuts it behind the last whole record.
//! A process that is killed loses nothing it had appended; when the machine loses power, what was appended since the last
//! sync (8 MiB at most) may be torn, and is computed again.

use super::{FolderLock, PARTS, StoreError};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

const MAGIC: [u8; 8] = *b"TARSJRN1";
/// Length, cell and key.
const HEAD: usize = 16;
const CHECKSUM: usize = 8;
/// Appended bytes after which the file is synced.
const SYNC_EVERY: u64 = 8 << 20;

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// One replication of a cell.
    Replication(u32, u64),
    /// What was found out about a cell before its replications.
    Cell(u32),
}

impl Key {
    /// The number that stands for a cell itself.
    const CELL: u64 = u64::MAX;

    const fn parts(self) -> (u32, u64) {
        match self {
            Self::Replication(cell, replication) => (cell, replication),
            Self::Cell(cell) => (cell, Self::CELL),
        }
    }

    const fn from_parts(cell: u32, number: u64) -> Self {
        if number == Self::CELL { Self::Cell(cell) } else { Self::Replication(cell, number) }
    }
}

/// The journal of one plan in one folder, and the lock on that folder. Threads may share it.
///
/// It holds the place of each record in memory, some 40 bytes, and reads a record when it is asked for.
///
/// ```
/// use tars_sim::store::{Key, Store};
///
/// let folder = tempfile::tempdir()?;
/// Store::open(folder.path(), "plan")?.put(Key::Replication(0, 7), b"what it gave")?;
/// let again = Store::open(folder.path(), "plan")?;
/// assert_eq!(again.get(Key::Replication(0, 7))?.as_deref(), Some(&b"what it gave"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Store {
    lock: FolderLock,
    journal: PathBuf,
    inner: Mutex<Inner>,
    resumed: Option<Key>,
}

#[derive(Debug)]
struct Inner {
    file: File,
    places: BTreeMap<Key, (u64, u32)>,
    end: u64,
    unsynced: u64,
}

impl Store {
    /// Locks `folder`, made if needed, and opens the journal of `plan` in it, empty or with what an earlier run kept.
    pub fn open(folder: &Path, plan: &str) -> Result<Self, StoreError> {
        let lock = FolderLock::take(folder)?;
        let plan_folder = folder.join(PARTS).join(plan);
        fs::create_dir_all(&plan_folder).map_err(|error| StoreError::at(folder, error))?;
        let journal = plan_folder.join("journal");
        let failed = |error| StoreError::at(&journal, error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&journal)
            .map_err(failed)?;
        let (places, end, resumed) = recover(&mut file).map_err(failed)?;
        let inner = Mutex::new(Inner { file, places, end, unsynced: 0 });
        Ok(Self { lock, journal, inner, resumed })
    }

    /// The first replication that an earlier run kept: the one to compute again, to see that nothing has changed.
    pub const fn resumed(&self) -> Option<Key> {
        self.resumed
    }

    /// How many replications are kept.
    pub fn replications(&self) -> usize {
        self.inner().places.range(..=Key::Replication(u32::MAX, u64::MAX)).count()
    }

    /// What was kept for `key`; the last, if it was kept twice.
    pub fn get(&self, key: Key) -> Result<Option<Vec<u8>>, StoreError> {
        let mut inner = self.inner();
        let Some(&(start, length)) = inner.places.get(&key) else { return Ok(None) };
        let mut bytes = vec![0; length as usize];
        inner
            .file
            .seek(SeekFrom::Start(start))
            .and_then(|_| inner.file.read_exact(&mut bytes))
            .map_err(|error| StoreError::at(&self.journal, error))?;
        Ok(Some(bytes))
    }

    /// Keeps `payload`. When that fails, what was kept before is still whole.
    ///
    /// Panics for a payload of 4 GiB or more, which no replication gives.
    pub fn put(&self, key: Key, payload: &[u8]) -> Result<(), StoreError> {
        let mut inner = self.inner();
        let appended = inner.append(key, payload);
        if appended.is_err() {
            // Best effort: whatever remains of the torn record is dropped when the journal is opened again.
            let _ = inner.file.set_len(inner.end);
        }
        appended.map_err(|error| StoreError::at(&self.journal, error))
    }

    /// Sees to it that what was kept outlives a loss of power.
    pub fn sync(&self) -> Result<(), StoreError> {
        let mut inner = self.inner();
        inner.unsynced = 0;
        inner.file.sync_data().map_err(|error| StoreError::at(&self.journal, error))
    }

    /// The lock on the folder of the results.
    pub const fn lock(&self) -> &FolderLock {
        &self.lock
    }

    /// Removes the journal, once the results are written. The lock is held until the store is dropped.
    pub fn remove_journal(&self) -> Result<(), StoreError> {
        let plan_folder = self.journal.parent().expect("a journal lies in its plan's folder");
        fs::remove_dir_all(plan_folder).map_err(|error| StoreError::at(plan_folder, error))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A panic while the lock was held leaves `end` behind a whole record, which is all that matters.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn append(&mut self, key: Key, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).expect("a record is smaller than 4 GiB");
        let head = head(key, length);
        let mut record = Vec::with_capacity(HEAD + payload.len() + CHECKSUM);
        record.extend_from_slice(&head);
        record.extend_from_slice(payload);
        record.extend_from_slice(&checksum(self.end, &head, payload));
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&record)?;
        self.places.insert(key, (self.end + HEAD as u64, length));
        self.end += record.len() as u64;
        self.unsynced += record.len() as u64;
        if self.unsynced >= SYNC_EVERY {
            self.unsynced = 0;
            self.file.sync_data()?;
        }
        Ok(())
    }
}

fn head(key: Key, length: u32) -> [u8; HEAD] {
    let (cell, number) = key.parts();
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[4..8].copy_from_slice(&cell.to_le_bytes());
    head[8..].copy_from_slice(&number.to_le_bytes());
    head
}

fn checksum(offset: u64, head: &[u8], payload: &[u8]) -> [u8; CHECKSUM] {
    let sum =
        Sha256::new().chain_update(offset.to_le_bytes()).chain_update(head).chain_update(payload).finalize();
    let mut short = [0; CHECKSUM];
    short.copy_from_slice(&sum[..CHECKSUM]);
    short
}

type Recovered = (BTreeMap<Key, (u64, u32)>, u64, Option<Key>);

/// Finds every whole record and cuts off what follows the last; a file that is no journal is started anew.
fn recover(file: &mut File) -> io::Result<Recovered> {
    let size = file.metadata()?.len();
    let mut places = BTreeMap::new();
    let mut first = None;
    let mut end = 0;
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(1 << 20, &*file);
    let mut magic = [0; MAGIC.len()];
    if size >= MAGIC.len() as u64 {
        reader.read_exact(&mut magic)?;
    }
    if magic == MAGIC {
        end = MAGIC.len() as u64;
        while let Some((key, length)) = next_record(&mut reader, end, size)? {
            if matches!(key, Key::Replication(..)) {
                first = first.or(Some(key));
            }
            places.insert(key, (end + HEAD as u64, length));
            end += (HEAD + CHECKSUM) as u64 + u64::from(length);
        }
    }
    drop(reader);
    if end == 0 {
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&MAGIC)?;
        end = MAGIC.len() as u64;
    } else if end < size {
        file.set_len(end)?;
    }
    Ok((places, end, first))
}

/// The record at `offset`, if it is whole.
fn next_record(reader: &mut impl Read, offset: u64, size: u64) -> io::Result<Option<(Key, u32)>> {
    let left = size - offset;
    let frame = (HEAD + CHECKSUM) as u64;
    if left < frame {
        return Ok(None);
    }
    let mut head = [0; HEAD];
    reader.read_exact(&mut head)?;
    let [l0, l1, l2, l3, c0, c1, c2, c3, number @ ..] = head;
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    if u64::from(length) > left - frame {
        return Ok(None);
    }
    let mut payload = vec![0; length as usize];
    reader.read_exact(&mut payload)?;
    let mut sum = [0; CHECKSUM];
    reader.read_exact(&mut sum)?;
    let key = Key::from_parts(u32::from_le_bytes([c0, c1, c2, c3]), u64::from_le_bytes(number));
    Ok((sum == checksum(offset, &head, &payload)).then_some((key, length)))
}
