package saved

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/verify/service"
	"bifrost/bifrostctl/world"
)

type secrets struct{ w *cloud.World }

// Secret implements service.Secrets. One that was deleted is there until its recovery window ends.
func (s secrets) Secret(_ context.Context, _, arn string) (*service.Secret, error) {
	s.w.Lock()
	defer s.w.Unlock()
	for _, r := range s.w.Resources {
		deleted, err := time.Parse(time.RFC3339, text(r, "deletedDate"))
		if r.Type != pulumitype.AwsSecret || r.ID != arn || r.Deleted && err != nil {
			continue
		}
		secret := &service.Secret{KmsKey: text(r, "kmsKeyId"), Versions: map[string]string{}}
		if r.Deleted {
			secret.Deleted = deleted
		}
		for _, v := range s.versions(arn) {
			for _, stage := range texts(v.State["versionStages"]) {
				secret.Versions[stage] = text(v, "versionId")
			}
		}
		return secret, nil
	}
	return nil, fmt.Errorf("secret %s: %w", arn, service.ErrNotFound)
}

func (s secrets) versions(arn string) []*world.Resource {
	var all []*world.Resource
	for _, r := range s.w.Resources {
		if r.Type == pulumitype.AwsSecretVersion && !r.Deleted && text(r, "secretId") == arn {
			all = append(all, r)
		}
	}
	return all
}

// Fields implements service.Secrets.
func (s secrets) Fields(_ context.Context, _, arn, version string) ([]string, error) {
	s.w.Lock()
	defer s.w.Unlock()
	for _, v := range s.versions(arn) {
		if text(v, "versionId") != version {
			continue
		}
		var fields map[string]any
		if json.Unmarshal([]byte(text(v, "secretString")), &fields) != nil {
			return nil, nil
		}
		return slices.Sorted(maps.Keys(fields)), nil
	}
	return nil, fmt.Errorf("version %s of secret %s: %w", version, arn, service.ErrNotFound)
}

// Parameter implements service.Secrets.
func (s secrets) Parameter(_ context.Context, _, arn string) (*service.Secret, error) {
	s.w.Lock()
	defer s.w.Unlock()
	found, err := only(s.w, pulumitype.AwsParameter, arn, func(r *world.Resource) bool { return r.ID == arn })
	if err != nil {
		return nil, err
	}
	return &service.Secret{KmsKey: text(found, "keyId")}, nil
}

// Key implements service.Secrets.
func (s secrets) Key(_ context.Context, _, key string) (*service.Key, error) {
	s.w.Lock()
	defer s.w.Unlock()
	found, err := only(s.w, pulumitype.AwsKey, key, func(r *world.Resource) bool {
		return r.ID == key || strings.HasSuffix(r.ID, ":key/"+key)
	})
	if err != nil {
		return nil, err
	}
	state := "Disabled"
	if found.State["isEnabled"] == true {
		state = "Enabled"
	}
	return &service.Key{ARN: found.ID, State: state, Policy: text(found, "policy")}, nil
}
