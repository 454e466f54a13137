package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stateward/stateward/model"
)

const deniedTo = "arn:aws:sts::123456789012:assumed-role/oncall/alice"

// deny is a denial as AWS words it.
func deny(call, action, resource string, times int, last time.Duration) model.Denial {
	return model.Denial{Who: deniedTo, Call: call, Action: action, Resource: resource, Count: times,
		First: theTime.Add(-last - 4*time.Minute), Last: theTime.Add(-last), Policy: "identity-based policy",
		Said: "User: " + deniedTo + " is not authorized to perform: " + action + " on resource: " + resource +
			" because no identity-based policy allows the " + action + " action"}
}

// sampleDenials are what an identity met that may read one bucket only in part.
func sampleDenials() []model.Denial {
	all := []model.Denial{
		deny("s3 GetBucketVersioning", "s3:GetBucketVersioning", "arn:aws:s3:::acme-tfstate-data", 3, 2*time.Second),
		deny("dynamodb ListTables", "dynamodb:ListTables", "*", 5, 4*time.Second),
	}
	for i := range 3 {
		all = append(all, deny("s3 GetObject", "s3:GetObjectVersion", fmt.Sprintf("arn:aws:s3:::acme-tfstate-data/warehouse/%d/terraform.tfstate", i), 2, time.Minute))
	}
	key := deny("s3 GetObject", "kms:Decrypt", "arn:aws:kms:eu-west-1:210987654321:key/1234abcd-12ab-34cd-56ef-1234567890ab", 12, 26*time.Minute)
	key.Policy, key.Explicit = "service control policy", true
	key.Said = "User: " + deniedTo + " is not authorized to perform: kms:Decrypt on resource: " + key.Resource + " with an explicit deny in a service control policy"
	return append(all, key)
}

func (s *session) permissions() *session {
	s.fleet.denied = sampleDenials()
	return s.press("p")
}

func TestThePageOfPermissionsIsReachedFromEverywhere(t *testing.T) {
	for name, keys := range map[string][]string{
		"from a list":         {"p"},
		"from a state":        {"j", "enter", "enter", "p"},
		"from the help":       {"2", "?", "p"},
		"from the commands":   {"6", ":", "p", "e", "r", "m", "i", "s", "s", "enter"},
		"twice is once":       {"p", "p"},
		"from the help of it": {"p", "?", "p"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, sampleFleet())
			s.fleet.denied = sampleDenials()
			before := len(s.app.tops[0].pages)
			s.press(keys...).sees("Permissions", "s3:GetBucketVersioning", "dynamodb:ListTables")
			if keys[0] == "p" && len(s.app.tops[0].pages) != before+1 {
				t.Errorf("%d pages", len(s.app.tops[0].pages))
			}
			s.press("esc").missing("GetBucketVersioning  ")
		})
	}
}

func TestThePageSaysWhatIsDeniedWhatItBlanksAndWhatWouldFixIt(t *testing.T) {
	s := open(t, sampleFleet())
	s.permissions().sees("ACTION", "RESOURCE", "BLANKS", "COUNT", "LAST", "3 objects", "4 · now",
		"VERSIONING", `"Action": "s3:GetBucketVersioning"`, `"Resource": "arn:aws:s3:::acme-tfstate-data"`)
	s.press("enter").sees(deniedTo, "s3 GetBucketVersioning", "because no identity-based policy allows", "Attach the statement to this identity.")
}

func TestTheStatementIsCopiedAsJSON(t *testing.T) {
	const versioning = `{
  "Effect": "Allow",
  "Action": "s3:GetBucketVersioning",
  "Resource": "arn:aws:s3:::acme-tfstate-data"
}`
	for name, c := range map[string]struct {
		keys []string
		want []string
		not  string
	}{
		"of the row":                      {[]string{"y"}, []string{versioning}, "Version\""},
		"from the dialog":                 {[]string{"enter", "y"}, []string{versioning}, "ListTables"},
		"of the marked rows":              {[]string{"space", "space", "y"}, []string{"[\n", "s3:GetBucketVersioning", "dynamodb:ListTables"}, "GetObjectVersion"},
		"objects are named":               {[]string{"j", "j", "y"}, []string{"warehouse/0/terraform.tfstate", "warehouse/2/terraform.tfstate"}, "ListTables"},
		"all of it":                       {[]string{"Y"}, []string{"2012-10-17", "s3:GetBucketVersioning", "dynamodb:ListTables", "s3:GetObjectVersion"}, "kms:Decrypt"},
		"none overrides an explicit deny": {[]string{"G", "y"}, nil, "kms"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, sampleFleet())
			s.permissions().press(c.keys...)
			for _, want := range c.want {
				if !strings.Contains(s.copied, want) {
					t.Errorf("%q is not in %s", want, s.copied)
				}
			}
			if strings.Contains(s.copied, c.not) || c.want == nil && s.copied != "" {
				t.Errorf("copied %s", s.copied)
			}
		})
	}
}

func TestAnExplicitDenyOffersNoStatement(t *testing.T) {
	s := open(t, sampleFleet())
	s.permissions().press("G").sees("kms:Decrypt", "no allow overrides a deny").missing(`"Action"`)
	s.press("y").sees("an explicit deny forbids it")
	s.press("enter").sees("with an explicit deny in a service control policy").press("y").sees("an explicit deny forbids it")
}

func TestIdentitiesAreNotMixedInAStatement(t *testing.T) {
	s := open(t, sampleFleet())
	s.fleet.denied = sampleDenials()
	s.fleet.denied[1].Who = "role arn:aws:iam::210987654321:role/tfstate"
	s.press("p", "space", "space", "y").sees("different identities")
	if s.copied != "" {
		t.Errorf("copied %s", s.copied)
	}
	s.press("Y")
	if strings.Contains(s.copied, "s3:GetBucketVersioning") == strings.Contains(s.copied, "dynamodb:ListTables") {
		t.Errorf("copied %s", s.copied)
	}
}

func TestNothingDeniedIsSaidWithItsLimits(t *testing.T) {
	s := open(t, sampleFleet())
	s.press("p").sees("nothing was denied so far (only what was tried is known)")
	s.press("y").sees("nothing is selected")
	s.fleet.denied = sampleDenials()
	s.press("esc", "p").sees("s3:GetBucketVersioning")
	s.fleet.denied = nil
	s.press("ctrl+r").sees("nothing was denied so far")
}

func TestAFullMemoryOfDenialsSaysAtLeast(t *testing.T) {
	s := open(t, sampleFleet())
	for i := range model.MaxDenials {
		s.fleet.denied = append(s.fleet.denied, deny("s3 GetObject", "s3:GetObject", fmt.Sprintf("arn:aws:s3:::b%04d/k", i), 1, time.Second))
	}
	s.press("p").sees("1,000+")
}
