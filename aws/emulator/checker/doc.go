// Package checker judges from outside what an operation left behind. It looks
// at everything that is stored in a bucket and its lock tables before and
// after, in plain HTTP, and says what the operation may not have done.
//
// It is a package of its own, although only tests import it, because the tests
// of two packages share it and because it must share nothing with what it
// judges: it imports the standard library only, and its rules are written
// against the protocol of the S3 backend, not against the code that plans and
// runs operations:
//
//   - No version that existed is lost or altered, of any key: a history only
//     grows, at its newest end.
//   - The current state is the previous one, byte for byte, or the target with
//     nothing changed but the digits of its top-level serial, which is higher
//     than every serial before. It is encrypted, typed and tagged as before.
//   - Where clients keep digests, the digest is the MD5 of the current bytes.
//     None is planted elsewhere, and none changes while the state does not,
//     except by a repair.
//   - No new lock is held, and each lock that was held still is, as the same
//     version or the same item, unless it is one that was to be removed.
//   - Nothing else in bucket and tables changed.
//
// What it cannot see: whether two operations overlapped, and what happened
// between its two looks.
package checker
