package emulator

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// bucketResource is one document of a bucket's configuration: the query
// parameter that selects it, the operations on it, the IAM actions these need,
// and what S3 answers where nothing was put.
type bucketResource struct {
	param         string
	get, put, del string // operation names; "" where the API has none
	read, write   string // IAM actions
	missing       string // error code of a GET without a document
	message       string
	initial       string // document of a new bucket
	fallback      string // document answered where none was put
}

// bucketResources is the table behind routing, IAM and the plain documents. It
// is made once: every request is looked up in it.
var bucketResources = sync.OnceValue(func() []bucketResource {
	return slices.Concat(securityResources(), servingResources(), listResources())
})

func securityResources() []bucketResource {
	const ns = ` xmlns="` + s3Namespace + `"`
	return []bucketResource{
		{param: "versioning", get: "GetBucketVersioning", put: "PutBucketVersioning", read: "GetBucketVersioning", write: "PutBucketVersioning"},
		{param: "encryption", get: "GetBucketEncryption", put: "PutBucketEncryption", del: "DeleteBucketEncryption",
			read: "GetEncryptionConfiguration", write: "PutEncryptionConfiguration", initial: defaultEncryption()},
		{param: "policyStatus", get: "GetBucketPolicyStatus", read: "GetBucketPolicyStatus"},
		{param: "policy", get: "GetBucketPolicy", put: "PutBucketPolicy", del: "DeleteBucketPolicy", read: "GetBucketPolicy", write: "PutBucketPolicy",
			missing: "NoSuchBucketPolicy", message: "The bucket policy does not exist"},
		{param: "publicAccessBlock", get: "GetPublicAccessBlock", put: "PutPublicAccessBlock", del: "DeletePublicAccessBlock",
			read: "GetBucketPublicAccessBlock", write: "PutBucketPublicAccessBlock", initial: publicAccessBlocked(),
			missing: "NoSuchPublicAccessBlockConfiguration", message: "The public access block configuration was not found"},
		{param: "ownershipControls", get: "GetBucketOwnershipControls", put: "PutBucketOwnershipControls", del: "DeleteBucketOwnershipControls",
			read: "GetBucketOwnershipControls", write: "PutBucketOwnershipControls", initial: ownership("BucketOwnerEnforced"),
			missing: "OwnershipControlsNotFoundError", message: "The bucket ownership controls were not found"},
		{param: "acl", get: "GetBucketAcl", put: "PutBucketAcl", read: "GetBucketAcl", write: "PutBucketAcl"},
		{param: "logging", get: "GetBucketLogging", put: "PutBucketLogging", read: "GetBucketLogging", write: "PutBucketLogging",
			fallback: "<BucketLoggingStatus" + ns + "/>"},
		{param: "object-lock", get: "GetObjectLockConfiguration", put: "PutObjectLockConfiguration",
			read: "GetBucketObjectLockConfiguration", write: "PutBucketObjectLockConfiguration",
			missing: "ObjectLockConfigurationNotFoundError", message: "Object Lock configuration does not exist for this bucket"},
	}
}

func servingResources() []bucketResource {
	const ns = ` xmlns="` + s3Namespace + `"`
	return []bucketResource{
		{param: "location", get: "GetBucketLocation", read: "GetBucketLocation"},
		{param: "lifecycle", get: "GetBucketLifecycleConfiguration", put: "PutBucketLifecycleConfiguration", del: "DeleteBucketLifecycle",
			read: "GetLifecycleConfiguration", write: "PutLifecycleConfiguration",
			missing: "NoSuchLifecycleConfiguration", message: "The lifecycle configuration does not exist"},
		{param: "replication", get: "GetBucketReplication", put: "PutBucketReplication", del: "DeleteBucketReplication",
			read: "GetReplicationConfiguration", write: "PutReplicationConfiguration",
			missing: "ReplicationConfigurationNotFoundError", message: "The replication configuration was not found"},
		{param: "tagging", get: "GetBucketTagging", put: "PutBucketTagging", del: "DeleteBucketTagging", read: "GetBucketTagging", write: "PutBucketTagging",
			missing: "NoSuchTagSet", message: "The TagSet does not exist"},
		{param: "notification", get: "GetBucketNotificationConfiguration", put: "PutBucketNotificationConfiguration",
			read: "GetBucketNotification", write: "PutBucketNotification", fallback: "<NotificationConfiguration" + ns + "/>"},
		{param: "cors", get: "GetBucketCors", put: "PutBucketCors", del: "DeleteBucketCors", read: "GetBucketCORS", write: "PutBucketCORS",
			missing: "NoSuchCORSConfiguration", message: "The CORS configuration does not exist"},
		{param: "website", get: "GetBucketWebsite", put: "PutBucketWebsite", del: "DeleteBucketWebsite", read: "GetBucketWebsite", write: "PutBucketWebsite",
			missing: "NoSuchWebsiteConfiguration", message: "The specified bucket does not have a website configuration"},
		{param: "accelerate", get: "GetBucketAccelerateConfiguration", put: "PutBucketAccelerateConfiguration",
			read: "GetAccelerateConfiguration", write: "PutAccelerateConfiguration", fallback: "<AccelerateConfiguration" + ns + "/>"},
		{param: "requestPayment", get: "GetBucketRequestPayment", put: "PutBucketRequestPayment", read: "GetBucketRequestPayment", write: "PutBucketRequestPayment",
			fallback: "<RequestPaymentConfiguration" + ns + "><Payer>BucketOwner</Payer></RequestPaymentConfiguration>"},
	}
}

// listResources are kinds of report that the emulator never has any of.
func listResources() []bucketResource {
	empty := func(root string) string {
		return "<" + root + ` xmlns="` + s3Namespace + `"><IsTruncated>false</IsTruncated></` + root + ">"
	}
	return []bucketResource{
		{param: "inventory", get: "ListBucketInventoryConfigurations", read: "GetInventoryConfiguration", fallback: empty("ListInventoryConfigurationsResult")},
		{param: "analytics", get: "ListBucketAnalyticsConfigurations", read: "GetAnalyticsConfiguration", fallback: empty("ListBucketAnalyticsConfigurationsResult")},
		{param: "metrics", get: "ListBucketMetricsConfigurations", read: "GetMetricsConfiguration", fallback: empty("ListMetricsConfigurationsResult")},
		{param: "intelligent-tiering", get: "ListBucketIntelligentTieringConfigurations", read: "GetIntelligentTieringConfiguration",
			fallback: empty("ListBucketIntelligentTieringConfigurationsResult")},
	}
}

func publicAccessBlocked() string {
	var b strings.Builder
	b.WriteString(`<PublicAccessBlockConfiguration xmlns="` + s3Namespace + `">`)
	for _, name := range []string{"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"} {
		b.WriteString("<" + name + ">true</" + name + ">")
	}
	return b.String() + "</PublicAccessBlockConfiguration>"
}

func ownership(rule string) string {
	return `<OwnershipControls xmlns="` + s3Namespace + `"><Rule><ObjectOwnership>` + rule + "</ObjectOwnership></Rule></OwnershipControls>"
}

// configOperations registers the plain documents, then the ones with rules of
// their own over them.
func (s *s3Store) configOperations(ops map[string]operation) {
	for _, r := range bucketResources() {
		if r.get != "" {
			ops[r.get] = onBucket(r.read, s.inBucket(r.answer))
		}
		if r.put != "" {
			ops[r.put] = onBucket(r.write, s.inBucket(r.replace))
		}
		if r.del != "" {
			write := choose(r.param == "policy" || r.param == "website", r.del, r.write)
			ops[r.del] = onBucket(write, s.inBucket(r.clear))
		}
	}
	own := map[string]func(*bucket, *call) (*response, error){
		"GetBucketVersioning": getVersioning, "PutBucketVersioning": putVersioning,
		"PutBucketEncryption": putEncryption, "DeleteBucketEncryption": deleteEncryption,
		"PutBucketPolicy": putPolicy, "GetBucketPolicyStatus": getPolicyStatus, "GetBucketLocation": getLocation,
		"GetBucketAcl": s.getBucketACL, "PutBucketAcl": s.putBucketACL, "PutObjectLockConfiguration": putLockConfiguration,
	}
	for name, run := range own {
		op := ops[name]
		op.run = s.inBucket(run)
		ops[name] = op
	}
}

// answer is GET.
func (r bucketResource) answer(b *bucket, _ *call) (*response, error) {
	doc, ok := b.config[r.param]
	switch {
	case ok:
	case r.fallback != "":
		doc = []byte(r.fallback)
	default:
		return nil, fail(http.StatusNotFound, r.missing, "%s", r.message).field("BucketName", b.name)
	}
	resp := newResponse(http.StatusOK).set("Content-Type", choose(r.param == "policy", "application/json", "application/xml"))
	resp.body = doc
	return resp, nil
}

// replace is PUT: any well-formed document is kept as it came.
func (r bucketResource) replace(b *bucket, c *call) (*response, error) {
	if _, err := verify(c.Header, c.body); err != nil {
		return nil, err
	}
	var doc struct{ XMLName xml.Name }
	if err := readXML(c.body, &doc); err != nil {
		return nil, err
	}
	b.config[r.param] = c.body
	return newResponse(http.StatusOK), nil
}

// clear is DELETE.
func (r bucketResource) clear(b *bucket, _ *call) (*response, error) {
	delete(b.config, r.param)
	return newResponse(http.StatusNoContent), nil
}

func getVersioning(b *bucket, _ *call) (*response, error) {
	w := newXML("VersioningConfiguration")
	w.optional("Status", b.versioning)
	w.optional("MfaDelete", b.mfaDelete)
	return w.answer("VersioningConfiguration"), nil
}

func putVersioning(b *bucket, c *call) (*response, error) {
	var in struct{ Status, MfaDelete string }
	if err := readXML(c.body, &in); err != nil {
		return nil, err
	}
	switch {
	case in.Status != "Enabled" && in.Status != "Suspended":
		return nil, fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	case b.config["object-lock"] != nil && in.Status == "Suspended":
		return nil, fail(http.StatusConflict, "InvalidBucketState", "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.")
	case in.MfaDelete != "" && c.header("X-Amz-Mfa") == "":
		return nil, fail(http.StatusForbidden, "AccessDenied", "Mfa Authentication must be used for this request")
	}
	b.versioning = in.Status
	if in.MfaDelete != "" {
		b.mfaDelete = in.MfaDelete
	}
	return newResponse(http.StatusOK), nil
}

func defaultEncryption() string {
	return `<ServerSideEncryptionConfiguration xmlns="` + s3Namespace + `"><Rule><ApplyServerSideEncryptionByDefault>` +
		"<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>"
}

func putEncryption(b *bucket, c *call) (*response, error) {
	var in struct {
		Rule []struct {
			Default          struct{ SSEAlgorithm, KMSMasterKeyID string } `xml:"ApplyServerSideEncryptionByDefault"`
			BucketKeyEnabled bool
		}
	}
	if err := readXML(c.body, &in); err != nil {
		return nil, err
	}
	if len(in.Rule) != 1 {
		return nil, fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	rule := in.Rule[0]
	e := encryption{algorithm: rule.Default.SSEAlgorithm, key: rule.Default.KMSMasterKeyID, bucketKey: rule.BucketKeyEnabled}
	if e.key != "" && !e.kms() {
		return nil, invalidArgument("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse")
	}
	if e.algorithm != sseAES256 && !e.kms() {
		return nil, fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	b.encryption, b.config["encryption"] = e, c.body
	return newResponse(http.StatusOK), nil
}

// deleteEncryption returns to SSE-S3: since January 2023 there is no less.
func deleteEncryption(b *bucket, _ *call) (*response, error) {
	b.encryption, b.config["encryption"] = encryption{algorithm: sseAES256}, []byte(defaultEncryption())
	return newResponse(http.StatusNoContent), nil
}

// getLocation is empty for us-east-1.
func getLocation(b *bucket, _ *call) (*response, error) {
	w := newXML("LocationConstraint")
	if b.region != "us-east-1" {
		escapeXML(&w.b, b.region)
	}
	return w.answer("LocationConstraint"), nil
}
