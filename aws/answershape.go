package aws

import (
	"bytes"
	"crypto/md5" //nolint:gosec // an ETag is one
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// strange is what an answer is instead of the service's; "" where it can be the
// service's.
func (a *answer) strange() string {
	switch {
	case !a.good():
		return a.strangeRefusal()
	case a.call == "HeadBucket": // of it stores send what they like
		return when(a.isPage(), aWebPage)
	case a.call == "HeadObject":
		return when(a.Header.Get("ETag") == "" || a.isPage(), a.describe())
	case a.call == "GetObject":
		return a.strangeObject()
	case a.call == "PutObject":
		return when(a.Header.Get("ETag") == "" || a.isPage() || a.root() == "Error", a.describe())
	case a.call == "DeleteObject":
		return when(!a.marked() || len(a.text()) > 0, a.describe())
	case a.json:
		return a.strangeJSON()
	}
	return a.strangeXML()
}

const aWebPage = "a web page"

func when(is bool, what string) string {
	if is {
		return what
	}
	return ""
}

// strangeObject: every store names the ETag of an object. A web server may name
// one as well, for a page; and a store may put an error where the object was to
// be, unless the object is one.
func (a *answer) strangeObject() string {
	if a.StatusCode != http.StatusOK && a.StatusCode != http.StatusPartialContent || a.Header.Get("ETag") == "" || a.isPage() {
		return a.describe()
	}
	sum := md5.Sum(a.start) //nolint:gosec // an ETag is one
	stored := strings.Trim(a.Header.Get("ETag"), `"`) == hex.EncodeToString(sum[:])
	whole := a.StatusCode == http.StatusOK
	return when(whole && !stored && a.root() == "Error" && bytes.Contains(a.start, []byte("<Code>")), a.describe())
}

// strangeXML: an answer of a name that the call does not have tells nothing of
// what was asked, and the SDK would make an empty one of it.
func (a *answer) strangeXML() string {
	wanted, root := rootsOf(a.call), a.root()
	unknown := len(wanted) == 0 && root != "" && root != "html" && root != "Error"
	if unknown || slices.Contains(wanted, root) || root == a.call+"Response" || root == a.call+"Result" { // so some stores call it
		return ""
	}
	return a.describe()
}

// strangeJSON: an object whose first member the call does not have is somebody
// else's; one without members is as good as the headers say.
func (a *answer) strangeJSON() string {
	member, isObject := firstMember(a.text())
	wanted := membersOf(a.call)
	switch {
	case !isObject:
		return a.describe()
	case member == "":
		return when(!mayBeEmpty(a.call) || !a.marked(), "an empty JSON object")
	case len(wanted) > 0 && !slices.Contains(wanted, member):
		return "a JSON object about " + member
	}
	return ""
}

// strangeRefusal is what an error answer is, where it is of something that
// stands before the service: it tells nothing of rights, nor of what is there.
func (a *answer) strangeRefusal() string {
	text := a.text()
	switch {
	case a.StatusCode == http.StatusProxyAuthRequired || a.StatusCode == http.StatusNetworkAuthenticationRequired:
		return "a demand to sign in"
	case a.isPage() || a.isNoAbsence():
		return a.describe()
	case len(text) > 0 && text[0] == '{':
		return when(!a.marked() && !(a.json && bytes.Contains(text, []byte(`"__type"`))), "a JSON object of somebody else")
	case len(text) > 0:
		return when(!a.marked() && !isErrorRoot(a.root()), a.describe())
	case a.StatusCode/100 == 3 && a.Header.Get("Location") != "":
		return when(!a.marked(), a.describe())
	case a.isHead() && !slices.Contains([]string{"", "application/xml", "text/xml", "application/octet-stream"}, a.contentType()):
		return when(!a.marked(), a.describe())
	case a.StatusCode == http.StatusForbidden || a.StatusCode == http.StatusUnauthorized:
		return when(!a.marked() && !(a.isHead() && a.contentType() != ""), a.describe())
	}
	return ""
}

// isNoAbsence reports refusals that pass for "there is no such thing" and say
// nothing: DynamoDB and KMS refuse in JSON and know no 404, and S3 sends a
// document with its own to whoever reads.
func (a *answer) isNoAbsence() bool {
	empty := len(a.text()) == 0 && !a.marked()
	switch {
	case a.json && a.call != "GetBucketPolicy":
		return a.StatusCode == http.StatusNotFound && !bytes.Contains(a.text(), []byte(`"__type"`)) || a.StatusCode/100 == 4 && empty
	case a.isHead() || a.call == "PutObject" || a.call == "DeleteObject":
		return false
	}
	return a.StatusCode == http.StatusNotFound && empty
}

func isErrorRoot(root string) bool {
	return root == "Error" || root == "ErrorResponse" || root == "Response"
}

// describe says what the answer is.
func (a *answer) describe() string {
	text, root := a.text(), a.root()
	to, err := url.Parse(a.Header.Get("Location"))
	switch {
	case a.StatusCode/100 == 3 && err == nil && to.Host != "":
		return "a redirection to " + to.Host
	case a.isPage() || root == "html":
		return aWebPage
	case root == "Error":
		return "an error in the place of the answer"
	case root == "ListBucketResult" || isVersionList(root):
		return "a listing of the bucket"
	case root != "":
		return "the XML document " + root
	case len(text) == 0 && (a.isHead() || a.call == "PutObject" || a.call == "DeleteObject"):
		return "none of the service's headers"
	case len(text) == 0:
		return "no body"
	case a.json:
		return "no JSON object"
	}
	return "no XML document"
}

// marked reports headers that only these services send, and stores that speak
// as they do.
func (a *answer) marked() bool {
	for _, name := range []string{"X-Amz-Request-Id", "X-Amz-Id-2", "X-Amzn-Requestid", "X-Amz-Crc32", "X-Amzn-Errortype",
		"X-Amz-Bucket-Region", "X-Amz-Version-Id", "X-Amz-Delete-Marker"} {
		if a.Header.Get(name) != "" {
			return true
		}
	}
	return a.json && strings.HasPrefix(a.contentType(), "application/x-amz-json-")
}

func (a *answer) contentType() string {
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return kind
}

// isPage reports a web page: by its content, and where there is none to be seen
// by what it says of itself, which not every service gets right. What is stored
// may be one as well.
func (a *answer) isPage() bool {
	switch {
	case len(a.text()) == 0:
		return a.contentType() == "text/html" && !a.marked()
	case a.call == "GetObject" && a.good():
		return a.root() == "html" && !a.marked()
	}
	return a.root() == "html"
}

func (a *answer) text() []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(a.start, []byte("\xef\xbb\xbf")))
}

// root is the name of the root element of XML; "html" for a web page, "" for
// what is no XML.
func (a *answer) root() string {
	text := a.text()
	if len(text) == 0 || text[0] != '<' {
		return ""
	}
	dec := xml.NewDecoder(bytes.NewReader(text))
	dec.Strict = false
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // names are ASCII
	for {
		token, err := dec.RawToken()
		if root, ok := token.(xml.StartElement); ok {
			if strings.EqualFold(root.Name.Local, "html") {
				return "html"
			}
			return root.Name.Local
		}
		if err != nil {
			return ""
		}
	}
}

// firstMember is the name of an object's first member, "" where it has none.
func firstMember(text []byte) (name string, isObject bool) {
	dec := json.NewDecoder(bytes.NewReader(text))
	if token, err := dec.Token(); err != nil || token != json.Delim('{') {
		return "", false
	}
	token, err := dec.Token()
	name, isName := token.(string)
	return name, err == nil && (isName || token == json.Delim('}'))
}

func isVersionList(root string) bool {
	return root == "ListVersionsResult" || root == "ListBucketVersionsResult" // so some stores call it
}

// rootsOf are the names that the answer to a call has; none for a call whose
// answers are not known.
func rootsOf(call string) []string {
	switch call {
	case "ListObjectVersions":
		return []string{"ListVersionsResult", "ListBucketVersionsResult"}
	case "ListObjectsV2":
		return []string{"ListBucketResult", "ListBucketV2Result"}
	case "ListBuckets":
		return []string{"ListAllMyBucketsResult"}
	case "ListMultipartUploads":
		return []string{"ListMultipartUploadsResult"}
	case "GetBucketAcl", "GetObjectAcl":
		return []string{"AccessControlPolicy"}
	case "GetObjectTagging":
		return []string{"Tagging"}
	case "GetBucketPolicyStatus":
		return []string{"PolicyStatus"}
	case "GetBucketEncryption":
		return []string{"ServerSideEncryptionConfiguration"}
	case "GetBucketLogging":
		return []string{"BucketLoggingStatus"}
	case "GetBucketOwnershipControls":
		return []string{"OwnershipControls"}
	case "GetPublicAccessBlock":
		return []string{"PublicAccessBlockConfiguration"}
	case "GetBucketLifecycleConfiguration":
		return []string{"LifecycleConfiguration"}
	case "GetBucketReplication":
		return []string{"ReplicationConfiguration"}
	case "GetBucketVersioning":
		return []string{"VersioningConfiguration"}
	case "GetObjectLockConfiguration":
		return []string{"ObjectLockConfiguration"}
	case "GetCallerIdentity":
		return []string{"GetCallerIdentityResponse"}
	}
	return nil
}

// membersOf are the members that the answer to a call has, in JSON.
func membersOf(call string) []string {
	switch call {
	case "GetBucketPolicy":
		return []string{"Version", "Id", "Statement"}
	case "Scan":
		return []string{"Items", "Count", "ScannedCount", "LastEvaluatedKey", "ConsumedCapacity"}
	case "GetItem":
		return []string{"Item", "ConsumedCapacity"}
	case "PutItem", "DeleteItem":
		return []string{"Attributes", "ConsumedCapacity", "ItemCollectionMetrics"}
	case "ListTables":
		return []string{"TableNames", "LastEvaluatedTableName"}
	case "DescribeTable":
		return []string{"Table"}
	case "DescribeTimeToLive":
		return []string{"TimeToLiveDescription"}
	case "DescribeContinuousBackups":
		return []string{"ContinuousBackupsDescription"}
	case "DescribeKey":
		return []string{"KeyMetadata"}
	case "ListAliases":
		return []string{"Aliases", "Truncated", "NextMarker"}
	case "GetKeyPolicy":
		return []string{"Policy", "PolicyName"}
	case "ListKeyRotations":
		return []string{"Rotations", "Truncated", "NextMarker"}
	case "GetKeyRotationStatus":
		return []string{"KeyRotationEnabled", "KeyId", "RotationPeriodInDays", "NextRotationDate", "OnDemandRotationStartDate"}
	}
	return nil
}

// mayBeEmpty reports calls whose answer has no member where there is nothing to
// tell. That of a listing has its list, and that it is empty stands in it.
func mayBeEmpty(call string) bool {
	return call == "GetItem" || call == "PutItem" || call == "DeleteItem"
}
