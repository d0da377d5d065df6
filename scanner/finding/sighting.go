package finding

// A Sighting is a finding on its way to the report, beside what the report
// keeps once for each key.
type Sighting struct {
	Finding
	Secret     Key
	Confidence Confidence
	Extent     Extent
}
