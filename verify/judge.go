package verify

import (
	"fmt"
	"time"

	"github.com/petrascan/petrascan/scanner/finding"
)

// controls are the answers to keys whose answer is known beforehand.
type controls struct {
	strangerBefore, strangerAfter answer // to a made-up key
	given                         bool   // the user named a key known to be valid
	knownBefore, knownAfter       answer // to that
}

// notTheAPI is the reason for keys that were not sent because the made-up key
// was not rejected.
func (c *controls) notTheAPI() string {
	a := c.strangerBefore
	if a.kind == accepted {
		return fmt.Sprintf("not asked: what answers there accepts a made-up key (%d)", a.code)
	}
	if a.code != 0 {
		return "not asked: to a made-up key the answer was: " + a.reason
	}
	return a.reason
}

// warning is what to tell of the control key, or "".
func (c *controls) warning() string {
	switch {
	case !c.given:
		return ""
	case c.knownBefore.kind == rejected:
		return "the control key was rejected (401): either it is not valid, or the API rejects everything; no rejection counts in this run"
	case c.knownBefore.kind == unclear:
		return "the control key got no clear answer (" + c.knownBefore.reason + "): no rejection is final by it"
	case c.knownAfter.kind == rejected:
		return "the control key was accepted before and rejected (401) after: no rejection counts in this run"
	case c.knownAfter.reason != "":
		return "the control key got no clear answer in the end (" + c.knownAfter.reason + "): no rejection is final by it"
	}
	return ""
}

const aDay = 24 * time.Hour

// judge turns an answer into a verdict. Of a rejected key it returns since when
// it is known to be rejected, too.
func (c *Client) judge(s Subject, a answer, k *controls) (v Verdict, rejectedSince time.Time) {
	v = Verdict{Status: finding.Unknown, Reason: a.reason}
	if a.code != 0 {
		v.Checked = a.at.UTC()
	}
	switch {
	case a.kind == accepted && k.strangerAfter.kind == rejected:
		v.Status, v.Reason = finding.Active, fmt.Sprintf("accepted (%d), and a made-up key is not", a.code)
	case a.kind == accepted:
		v.Reason = fmt.Sprintf("accepted (%d), but it could not be confirmed that a made-up key is not", a.code)
		if k.strangerAfter.kind == accepted {
			v.Reason = fmt.Sprintf("accepted (%d), but so was a made-up key", a.code)
		}
	case a.kind == rejected && k.given && (k.knownBefore.kind == rejected || k.knownAfter.kind == rejected):
		v.Reason = "rejected (401), but so was the control key"
	case a.kind == rejected:
		v.Status = finding.Deleted
		rejectedSince = c.rejectedSince(s.Key.ID(), v.Checked)
		proof := ""
		switch {
		case s.Extent != finding.Exact:
		case k.knownBefore.kind == accepted && k.knownAfter.kind == accepted:
			proof = "a key known to be valid was accepted before and after"
		case v.Checked.Sub(rejectedSince) >= aDay:
			proof = "it was rejected on " + rejectedSince.Format(time.DateOnly) + " already"
		}
		v.Final = proof != ""
		v.Reason = deletedReason(s.Extent, proof)
	}
	return v, rejectedSince
}

// deletedReason words a rejection with what is proven.
func deletedReason(extent finding.Extent, proof string) string {
	const reason = "rejected (401): deleted, invalid, or of another organisation; "
	switch {
	case proof != "":
		return reason + "proven: " + proof
	case extent != finding.Exact:
		return reason + "not yet proven: where the key ends is uncertain"
	}
	return reason + "not yet proven"
}
