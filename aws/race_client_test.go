package aws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stateward/stateward/model"
)

// raceSession is one run of a client that does as Terraform 1.11 does, request
// by request: lock, read, write, unlock.
type raceSession struct {
	*race
	who  string // its key id, and the ID of its lock
	raw  string // its lock
	s3   *s3.Client
	ddb  *dynamodb.Client
	left int  // requests until it dies
	torn bool // it dies between the state and its digest

	state []byte // as it was read or written last; nil is none
}

var (
	errDied       = errors.New("died")
	errLocked     = errors.New("somebody holds the lock")
	errChecksum   = errors.New("state data in S3 does not have the expected content")
	errNotOurLock = errors.New("the lock is not ours")
)

// immortal is more requests than a session sends.
const immortal = 1000

// work runs sessions of one client, thinking in between. Some die.
func (r *race) work(i int) {
	chance := r.chance(i)
	for n := range raceRounds {
		r.order.think(chance.IntN(raceThink))
		s := r.session(fmt.Sprintf("tf-%d-%d", i, n))
		switch chance.IntN(12) {
		case 0, 1:
			s.left = 1 + chance.IntN(12)
		case 2:
			s.torn = true
		}
		s.ran(s.run(chance.IntN(3)))
	}
}

// firstWrite is the run that creates the state.
func (r *race) firstWrite() {
	s := r.session("tf-0-0")
	s.ran(s.run(1))
}

func (r *race) session(who string) *raceSession {
	cfg := sdk.Config{Region: "us-east-1", BaseEndpoint: sdk.String(r.server.URL()), Credentials: credentials.NewStaticCredentialsProvider(who, "test", ""),
		Retryer: func() sdk.Retryer { return sdk.NopRetryer{} }, HTTPClient: r.http}
	return &raceSession{race: r, who: who, raw: lockRaw(who, who+"@runner"), left: immortal,
		s3: s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), ddb: dynamodb.NewFromConfig(cfg)}
}

// ran notes how a run ended.
func (s *raceSession) ran(err error) {
	switch {
	case errors.Is(err, errDied):
		s.count.deadClients.Add(1)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.crashed = append(s.crashed, s.who)
	case err == nil, errors.Is(err, errLocked), errors.Is(err, errChecksum):
	default:
		s.t.Errorf("%s: %v", s.who, err)
	}
}

// run is a plan or an apply that persists the state so many times.
func (s *raceSession) run(writes int) error {
	if err := s.lockAll(); err != nil {
		return err
	}
	err := s.load()
	for n := 0; err == nil && n < writes; n++ {
		err = s.store(n)
	}
	if errors.Is(err, errDied) {
		return err
	}
	return errors.Join(err, s.unlockAll())
}

// ctx is the context of the next request, unless the session dies first.
func (s *raceSession) ctx() (context.Context, error) {
	if s.left--; s.left < 0 {
		return nil, errDied
	}
	return context.Background(), nil
}

// lockAll takes the lock file, then the lock row; where that is held the lock
// file is given back.
func (s *raceSession) lockAll() error {
	if s.uses(model.MechanismLockfile) {
		if err := s.lockFile(); err != nil {
			return err
		}
	}
	if !s.uses(model.MechanismDynamoDB) {
		return nil
	}
	err := s.lockRow()
	if errors.Is(err, errLocked) && s.uses(model.MechanismLockfile) {
		return errors.Join(err, s.unlockFile())
	}
	return err
}

func (s *raceSession) lockFile() error {
	ctx, err := s.ctx()
	if err != nil {
		return err
	}
	_, err = s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey + ".tflock"), Body: bytes.NewReader([]byte(s.raw)),
		ContentType: sdk.String("application/json"), IfNoneMatch: sdk.String("*"), ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256})
	if answered(err, http.StatusPreconditionFailed) {
		_, err = s.readFile(labKey + ".tflock") // whose it is, for the message
		return errors.Join(errLocked, err)
	}
	return err
}

func (s *raceSession) lockRow() error {
	ctx, err := s.ctx()
	if err != nil {
		return err
	}
	_, err = s.ddb.PutItem(ctx, &dynamodb.PutItemInput{TableName: sdk.String(labTable), ConditionExpression: sdk.String("attribute_not_exists(LockID)"),
		Item: raceRow(model.LockID(labBucket, labKey), "Info", s.raw)})
	var held *ddbtypes.ConditionalCheckFailedException
	if errors.As(err, &held) {
		_, err = s.readRow(model.LockID(labBucket, labKey), "Info") // whose it is, for the message
		return errors.Join(errLocked, err)
	}
	return err
}

func raceRow(id, attribute, value string) map[string]ddbtypes.AttributeValue {
	return map[string]ddbtypes.AttributeValue{"LockID": &ddbtypes.AttributeValueMemberS{Value: id}, attribute: &ddbtypes.AttributeValueMemberS{Value: value}}
}

func answered(err error, status int) bool {
	var re *awshttp.ResponseError
	return errors.As(err, &re) && re.HTTPStatusCode() == status
}

// readFile is an object as it is now; nil is none.
func (s *raceSession) readFile(key string) ([]byte, error) {
	ctx, err := s.ctx()
	if err != nil {
		return nil, err
	}
	out, err := s.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: sdk.String(labBucket), Key: &key})
	if answered(err, http.StatusNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Body.Close() }()
	return io.ReadAll(out.Body)
}

// readRow is an attribute of a row as it is now; "" is none.
func (s *raceSession) readRow(id, attribute string) (string, error) {
	ctx, err := s.ctx()
	if err != nil {
		return "", err
	}
	out, err := s.ddb.GetItem(ctx, &dynamodb.GetItemInput{TableName: sdk.String(labTable), ConsistentRead: sdk.Bool(true),
		Key: map[string]ddbtypes.AttributeValue{"LockID": &ddbtypes.AttributeValueMemberS{Value: id}}})
	if err != nil {
		return "", err
	}
	value, _ := out.Item[attribute].(*ddbtypes.AttributeValueMemberS)
	if value == nil {
		return "", nil
	}
	return value.Value, nil
}

// load reads the state and holds it against its digest. Terraform reads again
// for ten seconds when they differ; under the lock that changes nothing.
func (s *raceSession) load() (err error) {
	if s.state, err = s.readFile(labKey); err != nil || !s.uses(model.MechanismDynamoDB) {
		return err
	}
	digest, err := s.readRow(model.DigestID(labBucket, labKey), "Digest")
	if err == nil && digest != "" && digest != model.DigestOf(s.state) {
		err = errChecksum
	}
	return err
}

// store writes the state under the next serial, then the digest. The content
// says what it was made from.
func (s *raceSession) store(n int) error {
	serial := 1
	if s.state != nil {
		var was struct{ Serial int }
		if err := json.Unmarshal(s.state, &was); err != nil {
			return err
		}
		serial = was.Serial + 1
	}
	ctx, err := s.ctx()
	if err != nil {
		return err
	}
	s.state = body(serial, fmt.Sprintf("%s %s %d", model.DigestOf(s.state), s.who, n))
	_, err = s.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey), Body: bytes.NewReader(s.state),
		ContentType: sdk.String("application/json"), ChecksumAlgorithm: s3types.ChecksumAlgorithmSha256})
	if err == nil && s.torn {
		err = errDied
	}
	if err != nil || !s.uses(model.MechanismDynamoDB) {
		return err
	}
	if ctx, err = s.ctx(); err != nil {
		return err
	}
	_, err = s.ddb.PutItem(ctx, &dynamodb.PutItemInput{TableName: sdk.String(labTable),
		Item: raceRow(model.DigestID(labBucket, labKey), "Digest", model.DigestOf(s.state))})
	return err
}

// unlockAll gives the lock file back first. Each is read, compared and deleted
// without a condition.
func (s *raceSession) unlockAll() error {
	if s.uses(model.MechanismLockfile) {
		if err := s.unlockFile(); err != nil {
			return err
		}
	}
	if s.uses(model.MechanismDynamoDB) {
		return s.unlockRow()
	}
	return nil
}

func (s *raceSession) unlockFile() error {
	raw, err := s.readFile(labKey + ".tflock")
	if err != nil {
		return err
	}
	if err := s.isOurs(string(raw)); err != nil {
		return err
	}
	ctx, err := s.ctx()
	if err != nil {
		return err
	}
	_, err = s.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: sdk.String(labBucket), Key: sdk.String(labKey + ".tflock")})
	return err
}

func (s *raceSession) unlockRow() error {
	raw, err := s.readRow(model.LockID(labBucket, labKey), "Info")
	if err != nil {
		return err
	}
	if err := s.isOurs(raw); err != nil {
		return err
	}
	ctx, err := s.ctx()
	if err != nil {
		return err
	}
	_, err = s.ddb.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: sdk.String(labTable),
		Key: map[string]ddbtypes.AttributeValue{"LockID": &ddbtypes.AttributeValueMemberS{Value: model.LockID(labBucket, labKey)}}})
	return err
}

func (s *raceSession) isOurs(raw string) error {
	var info struct{ ID string }
	if err := json.Unmarshal([]byte(raw), &info); err != nil || info.ID != s.who {
		return fmt.Errorf("%w: %q", errNotOurLock, raw)
	}
	return nil
}
