package real

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/api/option"

	"bifrost/bifrostctl/verify/service"
)

// googleAPIs gives recorded answers by method and path.
func googleAPIs(t *testing.T, answers map[string]answer) gcpCloud {
	t.Helper()
	server := httptest.NewServer(recorded(t, answers))
	t.Cleanup(server.Close)
	return gcpCloud{options: []option.ClientOption{option.WithEndpoint(server.URL), option.WithHTTPClient(server.Client())}}
}

const (
	poolPath      = "/v1/projects/p/locations/global/workloadIdentityPools/pool"
	googleMissing = `{"error":{"code":404,"message":"Requested entity was not found.","status":"NOT_FOUND"}}`
	googleDenied  = `{"error":{"code":403,"message":"Permission 'iam.workloadIdentityPools.get' denied","status":"PERMISSION_DENIED"}}`
)

func TestPool(t *testing.T) {
	for state, usable := range map[string]bool{`"state":"ACTIVE"`: true, `"state":"DELETED"`: false, `"state":"ACTIVE","disabled":true`: false} {
		pool, err := googleAPIs(t, map[string]answer{"GET " + poolPath: {body: `{"name":"projects/123/locations/global/workloadIdentityPools/pool",` + state + `}`}}).Pool(t.Context(), "p", "pool")
		require.NoError(t, err)
		require.Equal(t, &service.Pool{Name: "projects/123/locations/global/workloadIdentityPools/pool", Usable: usable}, pool)
	}
	_, err := googleAPIs(t, map[string]answer{"GET " + poolPath: {404, googleMissing}}).Pool(t.Context(), "p", "pool")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = googleAPIs(t, map[string]answer{"GET " + poolPath: {403, googleDenied}}).Pool(t.Context(), "p", "pool")
	require.NotErrorIs(t, err, service.ErrNotFound)
	require.ErrorContains(t, err, "iam.workloadIdentityPools.get")
}

func TestPoolProvider(t *testing.T) {
	found, err := googleAPIs(t, map[string]answer{"GET " + poolPath + "/providers/aks": {body: `{"state":"ACTIVE","oidc":{"issuerUri":"https://x/","allowedAudiences":["api://a"]},
		"attributeMapping":{"google.subject":"assertion.sub"},"attributeCondition":"assertion.sub == 'a'"}`}}).Provider(t.Context(), "p", "pool", "aks")
	require.NoError(t, err)
	require.Equal(t, &service.PoolProvider{Usable: true, Issuer: "https://x/", Audiences: []string{"api://a"}, Mapping: map[string]string{"google.subject": "assertion.sub"}, Condition: "assertion.sub == 'a'"}, found)
	_, err = googleAPIs(t, map[string]answer{"GET " + poolPath + "/providers/aks": {404, googleMissing}}).Provider(t.Context(), "p", "pool", "aks")
	require.ErrorIs(t, err, service.ErrNotFound)
}

func TestMembers(t *testing.T) {
	const account, repository = "POST /v1/projects/p/serviceAccounts/pull@p.iam.gserviceaccount.com:getIamPolicy", "GET /v1/projects/p/locations/l/repositories/r:getIamPolicy"
	policy := answer{body: `{"bindings":[{"role":"roles/a","members":["m1","m2"]},{"role":"roles/b","members":["m3"]},{"role":"roles/a","members":["m4"],"condition":{"expression":"false"}}]}`}
	cloud := googleAPIs(t, map[string]answer{account: policy, repository: policy})
	members, err := cloud.AccountMembers(t.Context(), "p", "pull@p.iam.gserviceaccount.com", "roles/a")
	require.NoError(t, err)
	require.Equal(t, []string{"m1", "m2"}, members, "a binding with a condition may not hold")
	members, err = cloud.RepositoryMembers(t.Context(), "p", "l", "r", "roles/b")
	require.NoError(t, err)
	require.Equal(t, []string{"m3"}, members)

	cloud = googleAPIs(t, map[string]answer{account: {404, googleMissing}, repository: {404, googleMissing}})
	_, err = cloud.AccountMembers(t.Context(), "p", "pull@p.iam.gserviceaccount.com", "roles/a")
	require.ErrorIs(t, err, service.ErrNotFound)
	_, err = cloud.RepositoryMembers(t.Context(), "p", "l", "r", "roles/b")
	require.ErrorIs(t, err, service.ErrNotFound)
}
