/**
 * The shapes that the room's API speaks (docs/room-api.md), for editors and type checkers.
 *
 * @typedef {object} Member
 * @property {string} id
 * @property {string} name
 * @property {string} initials
 * @property {number} colour
 * @property {string[]} roles
 * @property {boolean} bot
 * @property {boolean} present
 * @property {number | null} joined_at
 *
 * @typedef {object} Channel
 * @property {string} id
 * @property {"channel" | "direct"} kind
 * @property {string | null} name
 * @property {string | null} about
 * @property {string | null} with
 * @property {boolean} more
 *
 * @typedef {object} Span
 * @property {"text" | "member" | "channel" | "role" | "time" | "link" | "command"} t
 * @property {string} [text]
 * @property {boolean} [bold]
 * @property {boolean} [code]
 * @property {string} [id]
 * @property {string} [name]
 * @property {number} [ms]
 * @property {"time" | "date" | "date_time" | "relative"} [style]
 * @property {string} [url]
 * @property {string} [label]
 * @property {string[]} [path]
 *
 * @typedef {object} Option
 * @property {string} label
 * @property {string} value
 * @property {string} [about]
 *
 * @typedef {object} Control
 * @property {"button" | "link" | "select"} kind
 * @property {string} [id]
 * @property {Span[]} label
 * @property {"normal" | "main" | "careful"} [style]
 * @property {string} [url]
 * @property {number} [least]
 * @property {number} [most]
 * @property {Option[]} [options]
 *
 * @typedef {object} Section
 * @property {Span[] | null} heading
 * @property {Span[]} text
 * @property {Control | null} control
 *
 * @typedef {object} Card
 * @property {Span[]} title
 * @property {Span[] | null} body
 * @property {"plain" | "warm" | "calm" | "care"} accent
 * @property {Section[]} sections
 * @property {{url: string, alt: string} | null} image
 * @property {Control[]} controls
 * @property {Span[] | null} footer
 *
 * @typedef {object} Message
 * @property {string} id
 * @property {string} channel
 * @property {string | null} thread
 * @property {"message" | "joined" | "left"} kind
 * @property {string} author
 * @property {number} at
 * @property {number | null} edited_at
 * @property {string | null} only_for
 * @property {string | null} reply_to
 * @property {string[]} pings
 * @property {Span[]} text
 * @property {Card | null} card
 * @property {{emoji: string, by: string[]}[]} reactions
 * @property {number} replies
 * @property {number | null} last_reply_at
 * @property {boolean} deletable
 *
 * @typedef {object} Field
 * @property {string} name
 * @property {string} kind
 * @property {string} label
 * @property {string} about
 * @property {boolean} required
 * @property {number | null} least
 * @property {number | null} most
 * @property {Option[]} options
 * @property {any} value
 * @property {string | null} problem
 *
 * @typedef {object} Dialog
 * @property {string} id
 * @property {Span[]} title
 * @property {Span[] | null} intro
 * @property {number} page
 * @property {number} pages
 * @property {string} submit
 * @property {Field[]} fields
 *
 * @typedef {object} Room
 * @property {string} id
 * @property {string} name
 * @property {string} about
 * @property {string} bot
 * @property {string} look
 * @property {string[]} looks
 * @property {Record<string, any>} limits
 *
 * @typedef {object} Clock
 * @property {number} now
 * @property {string} zone
 * @property {number} offset_ms
 * @property {boolean} can_travel
 * @property {{at: number, what: string, cog: string}[]} upcoming
 *
 * @typedef {object} Command
 * @property {string[]} path
 * @property {string} text
 * @property {string} about
 * @property {string} usage
 * @property {Field[]} fields
 *
 * @typedef {object} Catalog
 * @property {Command[]} commands
 * @property {{id: string, target: "message" | "member", label: string}[]} menus
 *
 * @typedef {object} Outcome
 * @property {string} interaction
 * @property {"done" | "waiting"} status
 * @property {Dialog | null} dialog
 */

export {};
