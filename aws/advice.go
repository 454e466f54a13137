package aws

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stateward/stateward/model"
)

// advice is what the operator can do about an error answer: full sentences.
func advice(f *model.Failure, status int, message string) string {
	switch f.Kind {
	case model.ErrDenied:
		return denialAdvice(f, message)
	case model.ErrNotFound:
		return notFoundAdvice(f.Code)
	case model.ErrThrottled:
		return "Wait a little and try again, or lower --concurrency."
	case model.ErrUnsupported:
		return "The endpoint does not offer this; a store that is not AWS may lack it."
	case model.ErrChanged:
		return "What it was conditional on did not hold: look again."
	case model.ErrTimeout:
		return "Try again, or give it longer with --timeout."
	case model.ErrInvalid:
		if status == http.StatusMovedPermanently || f.Code == "AuthorizationHeaderMalformed" {
			return "The bucket lies in another region: name it with --region or in the config."
		}
		return says(message)
	default:
		return says(message)
	}
}

func denialAdvice(f *model.Failure, message string) string {
	if model.RejectsCredentials(f.Code) {
		return "The service does not accept these credentials: check --profile, and whether they belong to this endpoint."
	}
	switch f.Code {
	case "RequestTimeTooSkewed":
		return "The clock of this machine is wrong: set it."
	case "InvalidObjectState":
		return "The object is archived: it must be restored from there (s3:RestoreObject) before it can be read."
	case "KMS.DisabledException", "DisabledException":
		return "The KMS key is disabled: enable it (kms:EnableKey), or ask who disabled it."
	case "KMS.KMSInvalidStateException", "KMSInvalidStateException":
		return "The KMS key cannot be used in its state (pending deletion or import): cancel the deletion (kms:CancelKeyDeletion), then enable it (kms:EnableKey). " + says(message)
	case "KMS.NotFoundException":
		return "The KMS key does not exist (any more): what it encrypted cannot be read. " + says(message)
	case "KMS.InvalidKeyUsageException", "KMS.KeyUnavailableException", "KeyUnavailableException":
		return "The KMS key cannot be used. " + says(message)
	}
	if f.Action == "" {
		return says(message)
	}
	if elsewhere := model.ParseDenial(message).Advice(); elsewhere != "" {
		return elsewhere
	}
	return fmt.Sprintf("Grant %s to the identity in use, or use another with --profile.", f.Action)
}

func notFoundAdvice(code string) string {
	switch code {
	case "NoSuchBucket":
		return "There is no such bucket for this account and endpoint: check its name, --profile and --endpoint-url."
	case "ResourceNotFoundException":
		return "Check the name and the region (--region, or region in the config)."
	}
	return ""
}

// says quotes the service where nothing better is known.
func says(message string) string {
	message = strings.TrimSuffix(strings.TrimSpace(message), ".")
	if message == "" || message == codeMadeUp {
		return ""
	}
	return "The service says: " + message + "."
}

// renewal is how to get credentials that have not expired.
func renewal(call callError) model.Hint {
	if call.callMiddleware == nil {
		return sessionRenewal(nil)
	}
	return sessionRenewal(call.session)
}

func sessionRenewal(s *session) model.Hint {
	switch {
	case s == nil:
		return model.Hint{Text: "Get new credentials and start again."}
	case s.login != "":
		return model.Hint{Text: "Log in again with", Command: s.login}
	case s.who.profile != "":
		return model.Hint{Text: "Renew the credentials of profile " + s.who.profile + " and try again."}
	}
	return model.Hint{Text: "Export new credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) and start again."}
}

// advise puts what to do next into a failure.
func advise(f *model.Failure, h model.Hint) { f.Next, f.Command = h.Text, h.Command }

// credentialFailure: the request was not sent because there was nothing to sign
// it with.
func credentialFailure(f *model.Failure, e *credentialsError) {
	var api smithy.APIError
	if errors.As(e.err, &api) {
		f.Code = api.ErrorCode()
	}
	denied, _ := kindOfCode(f.Code)
	switch {
	case isUnsent(e.err):
		f.Kind = model.ErrUnreachable
		f.Next = "Getting the credentials failed on the way (" + innermost(e.err) + "): check the network and AWS_ENDPOINT_URL_STS."
	case isExpiredSignIn(e.err, f.Code):
		f.Kind = model.ErrExpired
		advise(f, sessionRenewal(e.session))
	case denied == model.ErrDenied && e.session.who.role != "":
		f.Kind, f.Action = model.ErrDenied, "sts:AssumeRole"
		f.Next = "The role " + e.session.who.role + " cannot be assumed: " + innermost(e.err)
	case strings.Contains(e.err.Error(), "MFA"):
		f.Kind = model.ErrNoIdentity
		f.Next = "The role asks for an MFA code, and nobody can be asked for it here: start a session of it first (sts:AssumeRole with a code) and export its credentials."
	default:
		f.Kind = model.ErrNoIdentity
		advise(f, identityAdvice(e))
	}
}

// isUnsent reports whether a credential request found nobody. That the metadata
// service is not there is no such case: it ends a search that found nothing.
func isUnsent(err error) bool {
	var send *smithyhttp.RequestSendError
	return errors.As(err, &send) && !strings.Contains(err.Error(), "IMDS")
}

func identityAdvice(e *credentialsError) model.Hint {
	if e.session.login != "" {
		return model.Hint{Text: "Log in with", Command: e.session.login}
	}
	if e.session.who.profile != "" {
		return model.Hint{Text: "Profile " + e.session.who.profile + " yields no credentials (" + innermost(e.err) + "): check it, or choose another with --profile."}
	}
	return model.Hint{Text: "No credentials were found: choose a profile with --profile (or AWS_PROFILE), or log in."}
}

// isExpiredSignIn reports whether a sign-in or a session behind the credentials
// has ended. ssocreds says so with a type; the token provider of an sso-session
// only in words.
func isExpiredSignIn(err error, code string) bool {
	switch code {
	case "ExpiredToken", "ExpiredTokenException", "InvalidGrantException", "UnauthorizedException":
		return true
	}
	var token *ssocreds.InvalidTokenError
	text := err.Error()
	return errors.As(err, &token) || strings.Contains(text, "expired") || strings.Contains(text, "refresh cached SSO token failed")
}

// configFailure: the SDK's configuration could not be loaded.
func configFailure(err error, who identity) error {
	f := &model.Failure{Kind: model.ErrNoIdentity, Tried: "loading the AWS configuration", On: "profile " + orElse(who.profile, "default"), Cause: err}
	var missing config.SharedConfigProfileNotExistError
	var mfa config.AssumeRoleTokenProviderNotSetError
	switch {
	case isCanceled(err):
		return err
	case errors.As(err, &missing):
		f.On = "profile " + missing.Profile
		advise(f, model.Hint{Text: "There is no profile " + missing.Profile + " in the shared configuration; list those there are with", Command: model.Program{}.Profiles()})
	case errors.As(err, &mfa):
		f.Next = "The profile's role asks for an MFA code: start a session of it first (sts:AssumeRole with a code) and export its credentials."
	default:
		f.Next = "Check the shared configuration and the AWS_ variables: " + innermost(err)
	}
	return f
}
