// Package verify asks the Petra API whether keys still work.
//
// One question is a GET of /beta/usage with the key in the Authorization header
// and nowhere else. What is known of the answers, from Petra's documentation:
// 401 says that the key is invalid, missing or deleted, or belongs to another
// organisation. That 2xx means accepted, and 429 with or without Retry-After
// (RFC 9110, section 10.2.3) rate limited, is assumed.
//
// # What a verdict rests on
//
// An answer proves something only if it came from something that tells keys
// apart. Two controls see to that:
//
//   - A made-up key is asked about first. Where it gets anything but 401, what
//     answers is not the API, or not well, and no real key is sent at all. It is
//     asked about once more after a key was accepted: "active" needs both.
//   - A key that the user knows to be valid may be given. "Deleted" is final if
//     it was accepted before and after, or if two rejections lie a day apart.
//
// Whatever is neither accepted nor rejected is [finding.Unknown], with a reason
// in words of this package: text that a server sent never gets into a reason,
// since it may hold the key.
//
// # Manners
//
// Each distinct key is asked about once, slowly, over few connections. A 429
// stops all of them for as long as it says. When the API has answered nothing
// for as long as the budget allows, the rest stays unasked.
package verify
