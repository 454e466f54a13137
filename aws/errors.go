package aws

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stateward/stateward/model"
)

// failure turns an error of the SDK into a model.Failure. tried is a gerund
// phrase ("reading the versioning"), on what it was about ("s3://bucket/key",
// "table acme-locks"), action the IAM action that it takes. A failure that says
// all that already passes unchanged; an end that the caller asked for stays
// context.Canceled.
func failure(err error, tried, on, action string) error {
	if err == nil {
		return nil
	}
	var known *model.Failure
	if errors.As(err, &known) {
		return known
	}
	f := &model.Failure{Tried: tried, On: on, Cause: err}
	var call callError
	if c := (*callError)(nil); errors.As(err, &c) {
		call = *c
	}
	var creds *credentialsError
	switch {
	case isCanceled(err):
		return fmt.Errorf("%s of %s: %w", tried, on, context.Canceled)
	case errors.As(err, &creds):
		credentialFailure(f, creds)
	case call.timedOut || isTimeout(err):
		timeoutFailure(f, call)
	case asStranger(err) != nil:
		strangerFailure(f, asStranger(err), hostOf(err, call))
	case httpResponse(err) != nil:
		answerFailure(f, err, action, call)
	default:
		noAnswerFailure(f, err, call)
	}
	return f
}

// isCanceled reports whether a call ended because the caller wanted it to. One
// that is out of time is cancelled too, by its own watchdog, and is a failure.
func isCanceled(err error) bool {
	var call *callError
	return errors.Is(err, context.Canceled) && !(errors.As(err, &call) && call.timedOut)
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}

// timeoutFailure: nothing came in time.
func timeoutFailure(f *model.Failure, call callError) {
	f.Kind = model.ErrTimeout
	within := ""
	if call.callMiddleware != nil {
		within = " within " + call.timeout.String()
	}
	f.Next = fmt.Sprintf("%s did not answer%s%s: check the network and the endpoint, or give it longer with --timeout.", hostOf(f.Cause, call), within, call.sparing())
	// The watchdog ended it by cancelling, and whoever finds that in the chain
	// would take the failure for an end that somebody asked for.
	f.Cause = fmt.Errorf("%w: %s", context.DeadlineExceeded, f.Cause.Error())
}

// noAnswerFailure: there was no answer, or none that could be read.
func noAnswerFailure(f *model.Failure, err error, call callError) {
	var send *smithyhttp.RequestSendError
	var op *net.OpError
	var dns *net.DNSError
	var garbled *smithy.DeserializationError
	switch {
	case errors.As(err, &send), errors.As(err, &op), errors.As(err, &dns):
		f.Kind = model.ErrUnreachable
		f.Next = fmt.Sprintf("%s cannot be reached (%s)%s: check --endpoint-url, --region and the network.", hostOf(err, call), innermost(err), call.sparing())
	case errors.As(err, &garbled):
		garbledFailure(f, err, call)
	default:
		f.Kind = ""
	}
}

// garbledFailure: an answer came that is not the service's.
func garbledFailure(f *model.Failure, err error, call callError) {
	f.Kind = model.ErrInvalid
	f.Next = fmt.Sprintf("%s answered something that is not the service's (%s): check --endpoint-url and what stands between here and there.", hostOf(err, call), innermost(err))
}

// strangerFailure: an answer came that the service cannot have given. It says
// nothing of rights, nor of what is there.
func strangerFailure(f *model.Failure, e *strangerError, host string) {
	f.Kind, f.Code = model.ErrStranger, e.Error()
	switch {
	case e.otherRequest():
		f.Kind, f.Code = model.ErrUnsupported, e.what+" in its place"
		f.Next = host + " does not know this request and answered another one; a store that is not AWS may lack it."
	case e.erred():
		f.Next = host + " answered that all is well, with an error as its content: try again, and ask who runs it."
	case e.root == "ListAllMyBucketsResult":
		f.Next = host + " answered with its buckets, as if none had been named: check --endpoint-url and --path-style."
	default:
		f.Next = host + ", or something on the way to it (a proxy, a firewall, a sign-in page), answered in place of the service: check --endpoint-url, the network and the proxy settings. It tells nothing of permissions."
	}
}

// hostOf is whom the request went to, for people.
func hostOf(err error, call callError) string {
	var u *url.Error
	if errors.As(err, &u) {
		if parsed, parseErr := url.Parse(u.URL); parseErr == nil && parsed.Host != "" {
			return parsed.Host
		}
	}
	if call.callMiddleware != nil && call.endpoint != "" {
		return call.endpoint
	}
	return "The endpoint"
}

// innermost is the last cause, which says what happened without the layers that
// passed it on.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// answerFailure: the service answered with an error.
func answerFailure(f *model.Failure, err error, action string, call callError) {
	status, message := httpStatus(err), ""
	var api smithy.APIError
	if errors.As(err, &api) {
		f.Code, message = api.ErrorCode(), api.ErrorMessage()
	}
	var garbled *smithy.DeserializationError
	if errors.As(err, &garbled) && status < http.StatusBadRequest {
		garbledFailure(f, err, call)
		return
	}
	if headerOf(httpResponse(err), "X-Amz-Delete-Marker") == "true" {
		f.Kind, f.Code = model.ErrNotFound, "delete marker"
		return
	}
	if f.Code == codeMadeUp {
		f.Code = ""
	}
	if message == http.StatusText(status) {
		message = "" // it adds nothing
	}
	f.Kind = kindOf(f.Code, status)
	if f.Kind == model.ErrDenied && isDenial(f.Code, status) {
		// The service names the action where the request alone misleads: reading an
		// object can fail for kms:Decrypt, and an absent one for s3:ListBucket.
		said := model.ParseDenial(message)
		f.Action, f.Denier = orElse(said.Action, action), said.DeniedBy()
	}
	f.Next = advice(f, status, message)
	if f.Kind == model.ErrExpired {
		advise(f, renewal(call))
	}
	if f.Next == "" && (f.Kind == "" || f.Kind == model.ErrInvalid) {
		f.Next = fmt.Sprintf("%s answered %d %s and did not say why: try again, and check --endpoint-url and what stands between here and there.",
			hostOf(err, call), status, http.StatusText(status))
	}
	if f.Kind == "" {
		f.Cause = &serviceError{status: status, code: serviceCode(f.Code, status), err: err}
	}
}

// codeMadeUp is the code that the SDK puts where an error answer has none.
const codeMadeUp = "UnknownError"

// serviceCode is the code of an error answer. For one without, the SDK takes the
// words of the status without their spaces.
func serviceCode(code string, status int) string {
	words := http.StatusText(status)
	if code == "" || code == strings.ReplaceAll(words, " ", "") {
		return words
	}
	return code
}

// serviceError is an error answer of no kind of its own, in few words.
type serviceError struct {
	status int
	code   string
	err    error
}

func (e *serviceError) Error() string {
	return fmt.Sprintf("the service failed: %d %s", e.status, e.code)
}
func (e *serviceError) Unwrap() error { return e.err }

// kindOf is the kind of a service's error code, or of the bare status: answers
// to HEAD have no body and so no code of their own.
func kindOf(code string, status int) model.Sentinel {
	if kind, ok := kindOfCode(code); ok {
		return kind
	}
	switch status {
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusBadRequest, http.StatusRequestedRangeNotSatisfiable:
		return model.ErrInvalid
	case http.StatusUnauthorized, http.StatusForbidden:
		return model.ErrDenied
	case http.StatusNotFound, http.StatusGone:
		return model.ErrNotFound
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return model.ErrUnsupported
	case http.StatusConflict, http.StatusPreconditionFailed:
		return model.ErrChanged
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return model.ErrTimeout
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return model.ErrThrottled
	}
	return ""
}

func kindOfCode(code string) (model.Sentinel, bool) {
	switch code {
	case "AccessDenied", "AccessDeniedException", "Forbidden", "UnauthorizedOperation", "AllAccessDisabled",
		"InvalidAccessKeyId", "UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch",
		"InvalidSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature",
		"RequestTimeTooSkewed", "InvalidObjectState", "DisabledException", "KMSInvalidStateException", "KeyUnavailableException":
		return model.ErrDenied, true
	case "NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NotFound", "NotFoundException", "ResourceNotFoundException":
		return model.ErrNotFound, true
	case "PreconditionFailed", "ConditionalCheckFailedException", "ConditionalRequestConflict", "OperationAborted", "TransactionConflictException":
		return model.ErrChanged, true
	case "SlowDown", "ServiceUnavailable", "TooManyRequestsException", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
		"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException", "BandwidthLimitExceeded":
		return model.ErrThrottled, true
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired":
		return model.ErrExpired, true
	case "NotImplemented", "MethodNotAllowed", "UnknownOperationException", "UnsupportedOperationException":
		return model.ErrUnsupported, true
	case "RequestTimeout", "RequestTimeoutException":
		return model.ErrTimeout, true
	}
	if strings.HasPrefix(code, "KMS.") {
		return model.ErrDenied, true
	}
	return "", false
}

// isDenial reports whether a missing permission is the reason, and not a key
// that is unknown or a KMS key out of service.
func isDenial(code string, status int) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "Forbidden", "UnauthorizedOperation", "KMS.AccessDeniedException":
		return true
	}
	_, coded := kindOfCode(code)
	return !coded && (status == http.StatusForbidden || status == http.StatusUnauthorized)
}
