package rules

import "github.com/petrascan/petrascan/scanner/finding"

// The built-in rules. Judge applies them; here stands what is said of them, and
// examples that hold them to it.
var builtin = []Rule{
	{
		ID:    keyID,
		Title: "Petra Security API key",
		Description: "An API key of Petra Security: petra_ and 8 to 256 letters, digits, _ or -. " +
			"High confidence with 20 or more random characters; medium with 12 to 19, or with 8 and more " +
			"after Bearer or in a value named key, token or secret; low with fewer, and for placeholders.",
		Confidence: finding.High,
		Match: []string{
			"Authorization: Bearer {{key:a}}",
			"PETRA_API_KEY={{key:b:32:hex}}",
			`{"apiKey": "petra_live_{{body:c:32:base36}}"}`,
			"curl 'https://api.petrasecurity.com/beta/usage?token={{key:d:24}}'",
			"petra_{{uuid:e}}",
			"petra_{{body:f:43:base64url}}",
			"petra_{{body:g:32:lower}}",
			"petra_{{body:h:24:digits}}",
			"petra_{{body:i:16}}",
			"token: petra_{{body:j:10}}",
		},
		NoMatch: []string{
			"petra_secretKey",
			"Epetra_CrsMatrix",
			"petra_sim_configuration_loader_v2",
			"petra_wallet_connect_button_2",
			"petra_YOUR_API_KEY",
			"Authorization: Bearer petra_abc123def456ghi789jkl012",
			"petra_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
			"petra_1234567890abcdef1234567890abcdef",
			"petra_live_EXAMPLE{{body:k:32}}",
			"petra_${PETRA_TOKEN}",
			"petra_customer_id_2024",
		},
	},
	{
		ID:    splitID,
		Title: "Petra Security API key, broken over lines or string literals",
		Description: "A key whose pieces a program joins, or that was wrapped at the end of a line. " +
			"The finding's key is the joined one.",
		Confidence: finding.Medium,
		Match: []string{
			`key = "{{key:a:0-16}}" + "{{body:a:16-40}}"`,
			"key = (\"{{key:b:0-20}}\"\n       \"{{body:b:20-40}}\")",
			"export K={{key:c:0-10}}\\\n{{body:c:10-40}}",
			`$key = 'petra_' . '{{body:d}}';`,
		},
		NoMatch: []string{
			`"petra_" + "wallet_connect_button"`,
			`"petra_" + keyFromVault`,
			"petra_wallet_connect\n{{body:e:40:hex}}",
		},
	},
	{
		ID:          partialID,
		Title:       "Part of a Petra Security API key",
		Description: "A key of which a part is masked or cut off. It cannot be used, but says that someone had the whole.",
		Confidence:  finding.Low,
		Match: []string{
			"petra_{{body:a:2}}…{{body:b:2}}",
			"petra_{{body:a:4}}****",
			"petra_{{body:a:12}}...",
			"petra_{{body:a:6}}xxxxxxxxxxxxxxxx",
		},
		NoMatch: []string{
			"{{key:c}}",
			"petra_*",
			"petra_...",
		},
	},
}
