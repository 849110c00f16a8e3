package handoff

import (
	"encoding/json"
	"fmt"
	"strings"

	awsarn "github.com/aws/aws-sdk-go-v2/aws/arn"

	"bifrost/bifrostctl/verify/checks"
	"bifrost/internal/iampolicy"
)

// Aws is what is asked for Amazon ECR.
type Aws struct {
	Account    string
	Principals []checks.Principal
	// Repositories are those of other accounts: in its own, a principal's own policy is enough (ECR user guide, "Repository policies vs.
	// IAM policies").
	Repositories []Repository
	// Statement is the one to add to the policy of each repository, as JSON.
	Statement string
}

// Repository is one of Amazon ECR.
type Repository struct{ ARN, Account, Region, Name string }

// newAws is nil where nothing is asked. All principals of a stack are of one account, and pull from the same repositories.
func newAws(in Input) (*Aws, error) {
	var a Aws
	for _, p := range in.Principals {
		if p.PrincipalArn != "" {
			a.Principals = append(a.Principals, p)
		}
	}
	if len(a.Principals) == 0 {
		return nil, nil
	}
	a.Account = a.Principals[0].AccountID
	for _, text := range a.Principals[0].Repositories {
		parsed, err := awsarn.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("repository %q of vendorHandoff: %w", text, err)
		}
		if parsed.AccountID != a.Account {
			a.Repositories = append(a.Repositories, Repository{
				ARN: text, Account: parsed.AccountID, Region: parsed.Region, Name: strings.TrimPrefix(parsed.Resource, "repository/"),
			})
		}
	}
	if len(a.Repositories) == 0 {
		return nil, nil
	}
	var err error
	a.Statement, err = statement(in.Stack, a)
	return &a, err
}

// statement lets the principals pull. A repository policy's statement has no resource: it is the repository.
func statement(stack string, a Aws) (string, error) {
	var s struct {
		Sid, Effect string
		Principal   struct{ AWS []string }
		Action      []string
	}
	// Letters and digits alone (IAM user guide, "IAM JSON policy elements: Sid").
	s.Sid = "BifrostPull" + a.Account + strings.Map(letterOrDigit, stack)
	s.Effect, s.Action = "Allow", iampolicy.PullActions
	for _, p := range a.Principals {
		s.Principal.AWS = append(s.Principal.AWS, p.PrincipalArn)
	}
	text, err := json.MarshalIndent(s, "", "  ")
	return string(text), err
}

func letterOrDigit(r rune) rune {
	if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
		return r
	}
	return -1
}
