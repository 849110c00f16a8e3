package checks

import (
	"context"
	"time"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/internal/registrykey"
)

// oldKey is from when on a key's age is a warning: it is the one credential here that nobody renews.
const oldKey = 365 * 24 * time.Hour

// keys looks at the vendor's key in the pull Secret.
type keys struct {
	pulls
	gcp service.GCP
}

// newKey is how another key comes into the Secret.
func (k keys) newKey() string {
	return "ask the vendor for another key, then pulumi config set --stack " + k.Name +
		" --secret --path 'bifrost:secrets.registryKey', then " + k.up()
}

// known reads the key and asks Google for its certificate, which anybody may read and which tells when the key was made. No part of the key
// but its name is told.
func (k keys) known(ctx context.Context) check.Result {
	secret, err := k.objects.secret(ctx)
	if err != nil {
		return unreadable("Secret "+k.objects.names.PullSecret, err, k.clusterLogin())
	}
	all, err := logins(secret)
	if err != nil {
		return check.Fail(k.up(), "Secret %s: %v", secret.Name, err)
	}
	key, err := registrykey.Parse(all[k.Config.Image().Host].password)
	if err != nil {
		return check.Fail(k.newKey(), "the login of Secret %s holds no key of a service account: %v", secret.Name, err)
	}
	found, err := k.gcp.KeyCertificate(ctx, key.ClientEmail, key.Id)
	switch {
	case missing(err):
		return check.Fail(k.newKey(), "Google knows no key %s of %s any more: it is deleted or disabled, or its service account is", key.Id,
			key.ClientEmail)
	case err != nil:
		return check.Skip("what Google knows of key %s of %s cannot be read from here: %v", key.Id, key.ClientEmail, err)
	case found.Until.Before(k.now()):
		return check.Fail(k.newKey(), "key %s of %s ended at %s", key.Id, key.ClientEmail, found.Until.UTC().Format(time.RFC3339))
	}
	age := k.now().Sub(found.From)
	if age > oldKey {
		return check.Warn(k.newKey(), "key %s of %s is %s old", key.Id, key.ClientEmail, human(age))
	}
	return check.Pass("key %s of %s, %s old", key.Id, key.ClientEmail, human(age))
}
