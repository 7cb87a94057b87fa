/**
 * Limits that both sides of a wire count on. Every row has its line in docs/limits.md;
 * what an operator may set is in config, what depends on the machine in the middle and the end.
 */

/** Bytes of a frame header. */
export const HEADER_BYTES = 8;
/** A set-up frame in clear, its payload. */
export const SETUP_BYTES = 16_384;
/** TOPOLOGY_EXCHANGE inside TLS: the own entry and the whole list received in clear. */
export const TOPOLOGY_IN_TLS_BYTES = 32_768;
/** Any other control payload. */
export const CONTROL_BYTES = 16_384;
/** Data of one SERVICE_DATA, without its position. */
export const DATA_BYTES = 65_536;
/** Position in front of positioned payloads. */
export const POSITION_BYTES = 8;
/** Data that makes a SERVICE_DATA frame of exactly four full TLS records. */
export const FULL_DATA_BYTES = 65_536 - HEADER_BYTES - POSITION_BYTES;

/** Entries of a topology list, the end's included. */
export const TOPOLOGY_ENTRIES = 32;
/** Characters of the message in ERROR and the NACKs. */
export const MESSAGE_CHARACTERS = 1024;
/** Keys pinned for one node at once (rotation). */
export const KEYS_PER_NODE = 8;
/** Carriers an operator may ask for; slots from here on are additional ones. */
export const CONFIGURED_SLOTS = 8;
export const MAX_SLOT = 65_535;
export const MAX_ALTERNATIVES = 64;
/** Milliseconds since 1970 that a Date can still say. */
export const MAX_EPOCH = 8_640_000_000_000_000;

/** Bytes of every channel that are never lent out; the smallest initial window. */
export const MIN_WINDOW = 16_384;
/** The largest initial window. */
export const MAX_INITIAL_WINDOW = 262_144;
/** The largest tuned window of a channel. */
export const MAX_WINDOW = 16 * 1024 * 1024;
/** Units by which control and END may pass `limit`. */
export const CONTROL_SLACK = 8;
/** Pieces that arrived before their turn (several carriers), in all channels of a tunnel. */
export const STASHED_PIECES = 65_536;
/** Answers that wait on a carrier whose peer asks and does not read. */
export const ANSWER_QUEUE_BYTES = 1_048_576;
/** Datagrams of one channel that wait to be sent: bytes and age. */
export const DATAGRAM_QUEUE_BYTES = 262_144;
export const DATAGRAM_QUEUE_MS = 100;

/** An arrival is acknowledged after this long at the latest. */
export const ACK_DELAY_MS = 100;
/** Bytes received without acknowledgement before one is sent. */
export const ACK_BYTES = 65_536;
/** Data or SERVICE_FREE_REQUEST outstanding while a carrier lives and PINGs behind it are answered, without an answer. */
export const ACK_TIMEOUT_MS = 30_000;
/** A peer that answers no PING, though other things come, counts as one that has read what was sent after this. */
export const UNREAD_MS = 120_000;
/** One exchange of PROPERTY_EXCHANGE and lists. */
export const EXCHANGE_TIMEOUT_MS = 10_000;
/** Ids whose release was asked for before they were opened, remembered by the acting end. */
export const BURIED_IDS = 8192;
/** Channels that were freed here and whose peer has not answered, beyond as many as it may open. */
export const UNANSWERED_FREES = 1024;
/** Time that both ends have to bring an additional carrier. */
export const OWN_CARRIER_TIMEOUT_MS = 30_000;
/** Channels with a carrier of their own that one end may open at once. */
export const OWN_CARRIERS = 24;
/** TLS records in one direction, and age, after which a carrier is replaced: OpenSSL keeps its keys for as long as it lives. */
export const CARRIER_RECORDS = 16_777_216;
export const CARRIER_AGE_MS = 86_400_000;
/** When the replacement did not come, the next is asked for after this. */
export const REPLACE_AGAIN_MS = 60_000;
/** Carriers of a tunnel at once: configured slots and their replacements, additional ones of both ends. */
export const MAX_CARRIERS = 64;

/** Before a leg is admitted (its dialer's signature verified and, on a set-up leg, the set-up whole): time, bytes, frames. */
export const ADMISSION_MS = 5000;
export const ADMISSION_BYTES = 49_152;
export const ADMISSION_FRAMES = 6;
/** Control frames that an admitted leg may bring: at once, and for each second. */
export const LEG_FRAMES_BURST = 128;
export const LEG_FRAMES_PER_SECOND = 32;
/** From set-up gone both ways to PASS_THROUGH gone both ways. */
export const PASS_THROUGH_MS = 10_000;
/** A leg without a byte for this many times its pingMs is dead. */
export const SILENT_PINGS = 3;
