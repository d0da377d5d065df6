package finding

// A Sighting is a finding on its way to the report, beside what the report
// keeps once for each key.
type Sighting struct {
	Finding
	Secret     Key
	Confidence Confidence
	Extent     Extent

	// Inline is the reason that a petrascan:allow comment beside the key gives,
	// masked, and empty if it gives none; nil without a comment.
	Inline *string
	// Blobs are the hex ids of all objects that hold the key at this place.
	Blobs []string
}
