// Package layer peels off what hides a key: encodings and containers.
//
// The two halves work differently because they know different things.
//
// An encoding is met in the middle of other text and has no header. A
// [Peeler] is shown a hit of the literal search, which says where an encoded
// prefix stands, and decodes the text around it: one encoding, the outermost.
// What comes out is searched again by the caller, so that a nest of encodings
// is peeled layer by layer. Nothing is decoded where nothing was hit.
//
// A container (gzip, zip, tar and their like) is known by its first bytes. It
// is opened whole, member by member, within a budget.
//
// The halves meet where the base64 of compressed data stands in text: the
// Peeler decodes the whole of it and the container half opens the result.
//
// # Names of encodings
//
// These names appear in reports:
//
//	base64            RFC 4648 §4 and §5, padded or not, on one line or wrapped
//	hex               RFC 4648 §8: digits in a row, or bytes with separators
//	decimal           the bytes as decimal numbers with separators
//	utf-16le          UTF-16, low byte first (RFC 2781), with or without a mark
//	utf-16be          UTF-16, high byte first
//	unicode-escape    \u0070, \u{70}, \U00000070
//	hex-escape        \x70, \x{70}
//	octal-escape      \160, \0160, \o{160}
//	backslash-escape  a backslash before the character it stands for: \_ \/
//	percent           %70 (RFC 3986 §2.1), %u0070
//	html-entity       &#112; &#x70; &lowbar;
//	quoted-printable  =70 and the soft line break (RFC 2045 §6.7)
//	escape            several of the above in one key
package layer
