package model

import (
	"regexp"
	"strings"
	"time"
)

// MaxDenials is how many denials are remembered; the oldest make room.
const MaxDenials = 1000

// Denial is an IAM action that AWS denied to an identity on a resource.
type Denial struct {
	Who      string // the identity that asked: ARN as AWS named it, else role or profile; "" is the default one
	Call     string // "s3 GetBucketVersioning", the last that was denied
	Action   string // "s3:GetBucketVersioning", as in [Permissions]
	Resource string // its ARN, or "*"; a part that is not known is "*"
	First    time.Time
	Last     time.Time
	Count    int
	Said     string // AWS's own words, as they came, cut to [MaxSaid] bytes; "" when it gave none
	Policy   string // the kind of policy that AWS blames: "service control policy"; "" when it does not say
	Explicit bool   // by a deny in that policy, and not for want of an allow
}

// MaxSaid is how many bytes are kept of what AWS said.
const MaxSaid = 1 << 10

// DenialMessage is what AWS says of a denial.
type DenialMessage struct {
	Principal string // ARN of who asked
	Action    string // "kms:Decrypt"
	Resource  string // ARN; "" when it names none
	Policy    string // "identity-based policy"; "" when it blames none
	Explicit  bool
}

// denialSentence is the message of a denial in all services. S3 alone puts the
// resource in quotes. Source: "Troubleshoot access denied error messages" of the
// IAM user guide.
const denialSentence = `(?:User: (\S+) is )?not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9*]+)(?: on resource: (?:"([^"]*)"|(\S+)))?`

const policyKinds = `(identity-based policy|resource-based policy|service control policy|resource control policy|permissions boundary|session policy|VPC endpoint policy)`

// ParseDenial reads a message of AWS; Action is "" when it names none.
func ParseDenial(message string) DenialMessage {
	found := regexp.MustCompile(denialSentence).FindStringSubmatchIndex(message)
	if found == nil {
		return DenialMessage{}
	}
	group := func(i int) string {
		if found[2*i] < 0 {
			return ""
		}
		return message[found[2*i]:found[2*i+1]]
	}
	m := DenialMessage{Principal: group(1), Action: group(2), Resource: group(3) + group(4)}
	rest := message[found[1]:]
	if deny := regexp.MustCompile(`with an explicit deny(?: in an? ` + policyKinds + `)?`).FindStringSubmatch(rest); deny != nil {
		m.Policy, m.Explicit = deny[1], true
	} else if lack := regexp.MustCompile(`because no ` + policyKinds + ` allows`).FindStringSubmatch(rest); lack != nil {
		m.Policy = lack[1]
	}
	return m
}

// PolicyName is a kind of policy as people call it, for an action: that of a
// bucket is a bucket policy. AWS may not say which one it was.
func PolicyName(kind, action string) string {
	service, _, _ := strings.Cut(action, ":")
	switch {
	case kind == "":
		return "policy"
	case kind == resourcePolicy && service == "s3":
		return "bucket policy"
	case kind == resourcePolicy && service == "kms":
		return "key policy"
	}
	return kind
}

const resourcePolicy = "resource-based policy"

// DeniedBy is the policy that denies explicitly, with its article: "a bucket
// policy"; "" where a right is merely not given.
func (m DenialMessage) DeniedBy() string {
	if !m.Explicit {
		return ""
	}
	name := PolicyName(m.Policy, m.Action)
	if strings.HasPrefix(name, "identity") {
		return "an " + name
	}
	return "a " + name
}

// forbidden says that a grant is no way out.
func forbidden(by string) string {
	return "A deny in " + by + " forbids it, and no allow overrides a deny: it must be lifted there."
}

// Advice is what helps against a denial, where a grant to the identity alone
// does not; "" where it does, or AWS does not say.
func (m DenialMessage) Advice() string {
	switch {
	case m.Explicit:
		return forbidden(m.DeniedBy())
	case m.Policy != "" && m.Policy != "identity-based policy":
		return "The " + PolicyName(m.Policy, m.Action) + " does not allow it: it must be allowed there as well as to this identity."
	}
	return ""
}

// Remedy says in a sentence whether and where the statement helps.
func (d Denial) Remedy() string {
	switch {
	case d.Explicit:
		return forbidden(DenialMessage{Action: d.Action, Policy: d.Policy, Explicit: true}.DeniedBy())
	case d.Policy == resourcePolicy:
		return "The policy of the resource itself must allow it too: the statement, with this identity as its Principal, belongs there."
	case d.Policy != "" && d.Policy != "identity-based policy":
		return "The " + d.Policy + " does not allow it: the statement belongs there, and in a policy of this identity."
	case d.Said == "":
		return "AWS gave no reason, as in every answer to HEAD: the action is the one that the call needs. Credentials that are not valid, and without s3:ListBucket an object that is not there, are answered like this too."
	case d.Policy == "":
		return "AWS does not say which policy is at fault. Where one denies it explicitly no allow helps, and a wrong SSE-C key is answered like this too."
	}
	return "Attach the statement to this identity."
}

// Place is the resource for people: "acme-tfstate/app/terraform.tfstate",
// "table acme-locks", "key 1234abcd-...", "the account".
func (d Denial) Place() string {
	arn := strings.SplitN(d.Resource, ":", 6)
	switch {
	case len(arn) < 6:
		return "the account"
	case arn[2] == "s3":
		return arn[5]
	}
	return strings.Replace(arn[5], "/", " ", 1)
}

// Container is the resource, or the bucket for an object in it, as an ARN.
func (d Denial) Container() string {
	bucket, _, _ := splitObject(d.Resource)
	return bucket
}

// splitObject is the bucket's ARN and the key of an object's; false, and the
// whole as it is, for every other resource.
func splitObject(arn string) (bucket, key string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[2] != "s3" {
		return arn, "", false
	}
	_, key, ok = strings.Cut(parts[5], "/")
	return strings.TrimSuffix(arn, "/"+key), key, ok
}

// ObjectARN is the ARN of an object, or of its bucket for the key "", in the
// partition of the region.
func ObjectARN(region, bucket, key string) string {
	arn := "arn:" + Partition(region) + ":s3:::" + bucket
	if key != "" {
		arn += "/" + key
	}
	return arn
}

// Partition is that of a region: "aws", "aws-cn" or "aws-us-gov".
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
