// Package hop names the steps between a workload and its private image, and records which of them refused and why. The
// services answer in their own protocols and words, which often do not tell a caller the reason; the record does.
package hop

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Hop is one step of a pull.
type Hop string

// The steps, in the order in which a pull takes them.
const (
	// Container is the refresher's own container: its image, its commands, its files.
	Container Hop = "refresher container"
	// WebIdentity is AWS STS, AssumeRoleWithWebIdentity: the role's trust.
	WebIdentity Hop = "AWS STS AssumeRoleWithWebIdentity"
	// PodIdentity is the EKS Pod Identity agent with its association, and the role's trust.
	PodIdentity Hop = "EKS Pod Identity"
	// Task is ECS taking the execution role of a task.
	Task Hop = "ECS task execution role"
	// TaskRole is ECS taking the role of a task's containers.
	TaskRole Hop = "ECS task role"
	// EcrToken is Amazon ECR, GetAuthorizationToken: the role's right to any token.
	EcrToken Hop = "Amazon ECR GetAuthorizationToken"
	// Ecr is the pull from an ECR repository: identity policy and repository policy.
	Ecr Hop = "Amazon ECR pull"
	// Entra is Microsoft Entra's token endpoint: federated credential and app registration.
	Entra Hop = "Microsoft Entra token exchange"
	// GoogleSTS is Google's token exchange: pool, provider, audience, attribute mapping and condition.
	GoogleSTS Hop = "Google STS token exchange"
	// Metadata is the metadata server of a GKE node: whose token a pod gets.
	Metadata Hop = "GKE metadata server"
	// KeyToken is Google's OAuth token endpoint: whether what is signed with a service account's key is that account's.
	KeyToken Hop = "Google OAuth token of a key"
	// Impersonation is Google's generateAccessToken: who may act as the service account.
	Impersonation Hop = "Google generateAccessToken"
	// ArtifactRegistry is the pull from Artifact Registry: the reader's role on the repository.
	ArtifactRegistry Hop = "Artifact Registry pull"
	// APIServer is the Kubernetes API server: what the refresher's ServiceAccount may write.
	APIServer Hop = "Kubernetes API server"
	// PullSecret is the Secret that the pod names.
	PullSecret Hop = "pull Secret"
	// Kubelet is the node: its own credentials, or its credential provider.
	Kubelet Hop = "kubelet"
)

// Reason says in a few words why a step refused.
type Reason string

// The reasons.
const (
	IssuerMismatch    Reason = "issuer mismatch"
	SubjectMismatch   Reason = "subject mismatch"
	AudienceMismatch  Reason = "audience mismatch"
	ConditionFailed   Reason = "condition not met"
	NotAllowlisted    Reason = "not allowlisted"
	NoPullPermission  Reason = "no pull permission"
	NoTokenPermission Reason = "no token permission"
	NoTrust           Reason = "not trusted"
	NoImpersonation   Reason = "may not act as the service account"
	Missing           Reason = "missing"
	SecretMissing     Reason = "secret missing"
	Expired           Reason = "expired"
	Revoked           Reason = "revoked"
	Invalid           Reason = "invalid"
	Forbidden         Reason = "forbidden"
	CommandNotFound   Reason = "command not found"
	NoCredentials     Reason = "no credentials"
	ImageNotFound     Reason = "image not found"
	Unsupported       Reason = "not modelled"
	Failed            Reason = "failed"
	NotReady          Reason = "not usable yet"
)

// Refusal is one step that refused.
type Refusal struct {
	Hop    Hop
	Reason Reason
	// Detail says what was compared, never a secret.
	Detail string
}

// Refuse returns a Refusal with a formatted detail.
func Refuse(hop Hop, reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Hop: hop, Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// Error is "hop: reason: detail".
func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s: %s", r.Hop, r.Reason, r.Detail) }

// Log records refusals. Its zero value is ready.
type Log struct {
	mu       sync.Mutex
	refusals []*Refusal
}

// Add records a refusal.
func (l *Log) Add(r *Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusals = append(l.refusals, r)
}

// Take returns what was recorded since the last Take, and forgets it.
func (l *Log) Take() []*Refusal {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.refusals
	l.refusals = nil
	return taken
}

// Join returns the texts of refusals, each once, in their order.
func Join(refusals []*Refusal) string {
	var texts []string
	for _, r := range refusals {
		if text := r.Error(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}
