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
	// Meant is what stands beside the key that perhaps was meant as such a comment,
	// such as "petrascan: allow"; empty if nothing does, or with Inline.
	Meant string
	// Blobs are the hex ids of all objects that hold the key at this place.
	Blobs []string
}
