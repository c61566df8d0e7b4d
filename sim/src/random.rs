//! Counter-based randomness. Every draw has an address (domain, entities, position), so that adding
//! a node, switching a fault off or one more draw inside a protocol changes nothing elsewhere.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::time::{Duration, DurationRange};

/// Part of every key. Changes whenever the same seed would give other draws.
pub const RNG_VERSION: u64 = 1;

/// Words of 32 bits that are generated at a time: four blocks of `ChaCha8`.
const CHUNK: usize = 64;
/// Words that belong to one message of a link.
const GROUP: usize = 8;
/// The place of the delay's two words in a group.
pub(crate) const DELAY: usize = 4;

/// What a stream of random words is for. The number is part of the stream's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Domain {
    /// Swarm configurations and generated plans.
    Config = 1,
    /// What clients ask and how long they think. From: the client.
    Workload = 2,
    /// What a node draws. From: the node; to: its incarnation.
    Node = 3,
    /// What happens to messages. From: the sender; to: the receiver.
    Link = 4,
    /// How long a sync takes and what a crash keeps. From: the node.
    Disk = 5,
    /// Clock offsets and rates, and how far off corrections set wall clocks. From: the node.
    Clock = 6,
    /// Faults that draw as they strike. From: the plan item, or the intervention; to: the sender of the message that it
    /// strikes, 0 where it strikes no message.
    Fault = 7,
    /// The order of simultaneous events.
    Tie = 8,
    /// How long slow nodes take. From: the node.
    Service = 9,
    /// How byzantine nodes deviate. From: the sender; to: the receiver; position: the message's number.
    Byzantine = 10,
    /// What a damaged message reads like. From: the sender; to: the receiver.
    Damage = 11,
}

/// Widest entity number in an address, 2^28 - 1.
const ENTITY_MAX: u32 = (1 << 28) - 1;

/// The address of one stream: domain 8 bits, from 28, to 28. Injective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId(u64);

impl StreamId {
    /// The stream of `domain` between the entities `from` and `to`.
    /// Panics where an entity's number exceeds 2^28 - 1.
    pub const fn new(domain: Domain, from: u32, to: u32) -> Self {
        assert!(from <= ENTITY_MAX && to <= ENTITY_MAX, "an entity's number has at most 28 bits");
        Self(((domain as u64) << 56) | ((from as u64) << 28) | to as u64)
    }
}

/// Bits of a chunk's number that say how often the source had been reseeded; no run draws 2^54 words of a stream.
const EPOCH_SHIFT: u32 = 48;
/// The other bits of a chunk's number.
const CHUNK_BITS: u64 = (1 << EPOCH_SHIFT) - 1;

/// The source of all draws of one run: `ChaCha8` under a key made of the seed and [`RNG_VERSION`].
#[derive(Clone, Debug)]
pub struct Randomness {
    rng: ChaCha8Rng,
    /// How often it was reseeded, in the bits from [`EPOCH_SHIFT`] on: part of the number of every chunk, so that chunks
    /// of an earlier seed are recognized at no cost.
    epoch: u64,
}

impl Randomness {
    /// The source for `seed`.
    pub fn new(seed: u64) -> Self {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&RNG_VERSION.to_le_bytes());
        key[16..].copy_from_slice(b"orrery streams 1");
        Self { rng: ChaCha8Rng::from_seed(key), epoch: 0 }
    }

    /// From now on everything is drawn as under `seed`, each stream from where it stands.
    pub fn reseed(&mut self, seed: u64) {
        let epoch = self.epoch + (1 << EPOCH_SHIFT);
        *self = Self { epoch, ..Self::new(seed) };
    }

    /// A generator that stands at the start of chunk `chunk` of `stream`.
    fn generator(&self, stream: StreamId, chunk: u64) -> ChaCha8Rng {
        let mut rng = self.rng.clone();
        rng.set_stream(stream.0);
        rng.set_word_pos(u128::from(chunk & CHUNK_BITS) * CHUNK as u128);
        rng
    }

    /// All words of chunk `chunk` of `stream`, in little-endian bytes as the generator gives them on every platform.
    /// One generator serves all streams, so that it stays in the processor's cache.
    #[inline]
    fn fill(&mut self, stream: StreamId, chunk: u64, bytes: &mut [u8; 4 * CHUNK]) {
        // In this order nothing is generated for nothing: the place is at the start of a chunk.
        self.rng.set_word_pos(u128::from(chunk & CHUNK_BITS) * CHUNK as u128);
        self.rng.set_stream(stream.0);
        self.rng.fill_bytes(bytes);
    }

    /// A generator that starts at the `position`-th chunk of 64 words of `stream`: the draws of one
    /// thing among many, such as the `position`-th operation of a client.
    pub fn at(&self, stream: StreamId, position: u64) -> Draw<'static> {
        Draw(Source::Own(Box::new(self.generator(stream, position))))
    }
}

/// A place in one stream. Only the position is state: the words ahead are a cache, which a clone
/// leaves behind, so that a checkpoint of a world with many links stays small.
#[derive(Debug)]
pub struct Stream {
    id: StreamId,
    /// Words drawn so far.
    position: u64,
    /// A chunk that was generated but not all drawn yet.
    ahead: Option<Box<Ahead>>,
    /// What the groups of one chunk say about delays, for links that ask for nothing else: it is all that
    /// thousands of links keep in the processor's cache.
    delays: Option<Box<Delays>>,
}

/// All words of a chunk.
#[derive(Debug)]
struct Ahead {
    chunk: u64,
    bytes: [u8; 4 * CHUNK],
}

/// The delay's two words of each group of a chunk.
#[derive(Debug)]
struct Delays {
    chunk: u64,
    bits: [u64; CHUNK / GROUP],
}

impl Clone for Stream {
    fn clone(&self) -> Self {
        Self { position: self.position, ..Self::new(self.id) }
    }
}

impl Stream {
    /// The start of the stream `id`.
    pub const fn new(id: StreamId) -> Self {
        Self { id, position: 0, ahead: None, delays: None }
    }

    /// The next 32 bits.
    #[inline]
    pub fn word(&mut self, randomness: &mut Randomness) -> u32 {
        let (bytes, start) = self.bytes(1, randomness);
        u32::from_le_bytes(bytes.as_chunks().0[start])
    }

    /// The next group of eight words. Groups are aligned: one belongs to each message of a link.
    #[inline(always)]
    pub fn group(&mut self, randomness: &mut Randomness) -> [u32; GROUP] {
        let (bytes, start) = self.bytes(GROUP as u64, randomness);
        let groups: &[[[u8; 4]; GROUP]] = bytes.as_chunks().0.as_chunks().0;
        groups[start / GROUP].map(u32::from_le_bytes)
    }

    /// The next group, of which only the delay's two words are wanted.
    #[inline(always)]
    pub fn delay(&mut self, randomness: &mut Randomness) -> u64 {
        let chunk = (self.position / CHUNK as u64) | randomness.epoch;
        let start = self.position as usize % CHUNK;
        self.position = self.position.wrapping_add(GROUP as u64);
        match &self.delays {
            Some(delays) if delays.chunk == chunk => delays.bits[start / GROUP],
            Some(_) | None => self.more_delays(chunk, start / GROUP, randomness),
        }
    }

    #[inline(never)]
    fn more_delays(&mut self, chunk: u64, group: usize, randomness: &mut Randomness) -> u64 {
        let fresh = || Box::new(Delays { chunk, bits: [0; CHUNK / GROUP] });
        let delays = self.delays.get_or_insert_with(fresh);
        delays.chunk = chunk;
        let mut bytes = [0; 4 * CHUNK];
        randomness.fill(self.id, chunk, &mut bytes);
        let pairs: &[[[u8; 8]; GROUP / 2]] = bytes.as_chunks().0.as_chunks().0;
        for (bits, pairs) in delays.bits.iter_mut().zip(pairs) {
            *bits = u64::from_le_bytes(pairs[DELAY / 2]);
        }
        delays.bits[group]
    }

    /// Passes over a group whose words decide nothing, without generating them.
    #[inline]
    pub const fn skip_group(&mut self) {
        self.position += GROUP as u64;
    }

    /// Moves on by `count` words: the bytes of the chunk and the place of the first word in it.
    #[inline(always)]
    fn bytes(&mut self, count: u64, randomness: &mut Randomness) -> (&[u8; 4 * CHUNK], usize) {
        let chunk = (self.position / CHUNK as u64) | randomness.epoch;
        let start = self.position as usize % CHUNK;
        self.position = self.position.wrapping_add(count);
        let fresh = || Box::new(Ahead { chunk: !chunk, bytes: [0; 4 * CHUNK] });
        let ahead = self.ahead.get_or_insert_with(fresh);
        if ahead.chunk != chunk {
            ahead.chunk = chunk;
            randomness.fill(self.id, chunk, &mut ahead.bytes);
        }
        (&ahead.bytes, start)
    }
}

/// Draws without rejection, so that each takes a fixed number of words.
pub struct Draw<'a>(Source<'a>);

enum Source<'a> {
    Own(Box<ChaCha8Rng>),
    Borrowed(&'a mut Stream, &'a mut Randomness),
}

impl<'a> Draw<'a> {
    /// Draws from `stream`.
    pub fn new(stream: &'a mut Stream, randomness: &'a mut Randomness) -> Self {
        Self(Source::Borrowed(stream, randomness))
    }

    /// 32 uniform bits.
    pub fn word(&mut self) -> u32 {
        match &mut self.0 {
            Source::Own(rng) => rng.next_u32(),
            Source::Borrowed(stream, randomness) => stream.word(randomness),
        }
    }

    /// 64 uniform bits: two words.
    pub fn bits(&mut self) -> u64 {
        let low = self.word();
        join(low, self.word())
    }

    /// A number below `bound`, uniform up to 2^-64 by multiply-and-shift. Panics where `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(0 < bound, "there is no number below 0");
        scale(self.bits(), bound)
    }

    /// A duration in the half-open `range`; its start where the range is empty.
    pub fn between(&mut self, range: DurationRange) -> Duration {
        uniform(self.bits(), range)
    }

    /// Whether something of probability `probability` happens.
    pub fn chance(&mut self, probability: crate::Probability) -> bool {
        probability.holds(self.word())
    }
}

/// Two words as one number.
pub(crate) const fn join(low: u32, high: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

/// `bits` scaled to a number below `bound`.
pub(crate) const fn scale(bits: u64, bound: u64) -> u64 {
    ((bits as u128 * bound as u128) >> 64) as u64
}

/// `bits` scaled into the half-open `range`.
#[inline]
pub(crate) fn uniform(bits: u64, range: DurationRange) -> Duration {
    let width = range.max.saturating_sub(range.min).as_nanos();
    Duration::from_nanos(range.min.as_nanos() + scale(bits, width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_pinned() {
        // Golden words: if these change, RNG_VERSION must change with them.
        let mut randomness = Randomness::new(42);
        let mut stream = Stream::new(StreamId::new(Domain::Link, 1, 2));
        let words: Vec<u32> = (0..4).map(|_| stream.word(&mut randomness)).collect();
        assert_eq!(words, GOLDEN);
    }

    const GOLDEN: [u32; 4] = [1_978_789_956, 4_172_964_797, 407_676_063, 583_945_043];

    #[test]
    fn a_clone_goes_on_where_the_original_stood() {
        let mut randomness = Randomness::new(7);
        let mut stream = Stream::new(StreamId::new(Domain::Node, 3, 0));
        for _ in 0..75 {
            stream.word(&mut randomness);
        }
        let mut copy = stream.clone();
        let mut other = Stream::new(StreamId::new(Domain::Node, 4, 0));
        for _ in 0..200 {
            other.word(&mut randomness);
            assert_eq!(stream.word(&mut randomness), copy.word(&mut randomness));
        }
    }

    #[test]
    fn groups_that_were_passed_over_keep_their_words() {
        let id = StreamId::new(Domain::Link, 2, 1);
        let mut randomness = Randomness::new(3);
        let mut all = Stream::new(id);
        let groups: Vec<_> = (0..60).map(|_| all.group(&mut randomness)).collect();
        for step in 1..25 {
            let mut some = Stream::new(id);
            for place in (0..60).step_by(step) {
                assert_eq!(some.group(&mut randomness), groups[place], "every {step}th");
                (1..step).for_each(|_| some.skip_group());
            }
        }
    }

    #[test]
    fn what_is_drawn_after_a_reseed_is_what_the_other_seed_has_there() {
        let id = StreamId::new(Domain::Link, 1, 2);
        let draw = |reseeds: &[(usize, u64)]| {
            let (mut randomness, mut stream) = (Randomness::new(1), Stream::new(id));
            let words = (0..200).map(|place| {
                for (_, seed) in reseeds.iter().filter(|(at, _)| *at == place) {
                    randomness.reseed(*seed);
                    // A copy has no words ahead, and yet draws the same.
                    assert_eq!(
                        stream.clone().word(&mut randomness.clone()),
                        stream.clone().word(&mut randomness)
                    );
                }
                stream.word(&mut randomness)
            });
            words.collect::<Vec<u32>>()
        };
        let (one, two) = (draw(&[]), draw(&[(0, 2)]));
        let mixed = draw(&[(70, 2), (130, 1)]);
        assert_eq!((&mixed[..70], &mixed[130..]), (&one[..70], &one[130..]));
        assert_eq!(mixed[70..130], two[70..130]);
        assert_ne!(one[70..130], two[70..130]);
    }

    #[test]
    fn one_stream_read_alone_or_among_others_is_the_same() {
        let id = StreamId::new(Domain::Link, 1, 2);
        let mut alone = Randomness::new(9);
        let mut first = Stream::new(id);
        let words: Vec<u32> = (0..300).map(|_| first.word(&mut alone)).collect();
        let mut at = alone.at(id, 1);
        assert_eq!(at.word(), words[CHUNK]);
        let mut second = Stream::new(id);
        let groups: Vec<u32> = (0..37).flat_map(|_| second.group(&mut alone)).collect();
        assert_eq!(groups[..], words[..296]);
    }
}
