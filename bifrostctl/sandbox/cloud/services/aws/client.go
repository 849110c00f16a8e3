package aws

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/cloud/services/registry"
)

// File reads a file of the pod.
type File func(name string) ([]byte, error)

// ErrNoCredentials is what the AWS CLI says without any.
//
//lint:ignore ST1005 the words are not ours
var ErrNoCredentials = errors.New(`Unable to locate credentials. You can configure credentials by running "aws configure".`)

// LoginPassword is `aws ecr get-login-password`, with the environment and files of a pod: a web identity, or the credentials endpoint of
// EKS Pod Identity. A node's own credentials are out of reach.
func LoginPassword(ctx context.Context, w *served.World, env map[string]string, read File) (string, error) {
	config := aws.Config{
		Region: env["AWS_REGION"], HTTPClient: w.Network.Client(),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} }, // a refusal stays one
	}
	if config.Region == "" {
		config.Region = env["AWS_DEFAULT_REGION"]
	}
	if config.Region == "" {
		//lint:ignore ST1005 the words are not ours
		return "", errors.New("You must specify a region. You can also configure your region by running \"aws configure\".")
	}
	switch {
	case env["AWS_ROLE_ARN"] != "" && env["AWS_WEB_IDENTITY_TOKEN_FILE"] != "":
		config.Credentials = stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(config), env["AWS_ROLE_ARN"],
			tokenFile{read, env["AWS_WEB_IDENTITY_TOKEN_FILE"]})
	case env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] != "":
		config.Credentials = endpointcreds.New(env["AWS_CONTAINER_CREDENTIALS_FULL_URI"], func(o *endpointcreds.Options) {
			o.HTTPClient = w.Network.Client()
			o.Retryer = aws.NopRetryer{}
			o.AuthorizationTokenProvider = endpointcreds.TokenProviderFunc(func() (string, error) {
				raw, err := read(env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
				return string(raw), err
			})
		})
	default:
		return "", ErrNoCredentials
	}
	return password(ctx, config)
}

// tokenFile is a web identity token in a file of the pod.
type tokenFile struct {
	read File
	name string
}

// GetIdentityToken reads it.
func (f tokenFile) GetIdentityToken() ([]byte, error) { return f.read(f.name) }

func password(ctx context.Context, config aws.Config) (string, error) {
	answer, err := ecr.NewFromConfig(config).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return "", err
	}
	text, err := base64.StdEncoding.DecodeString(aws.ToString(answer.AuthorizationData[0].AuthorizationToken))
	if err != nil {
		return "", fmt.Errorf("authorization token: %w", err)
	}
	_, password, _ := strings.Cut(string(text), ":")
	return password, nil
}

// As says which service pulls as which role: a node (ec2.amazonaws.com), a Fargate node of EKS (eks-fargate-pods.amazonaws.com), ECS
// (ecs-tasks.amazonaws.com).
type As struct {
	Hop              hop.Hop
	RoleARN, Service string
	// Context holds the condition keys that the service sends.
	Context map[string]string
}

// Assume takes the role.
func (as As) Assume(w *served.World) error {
	_, err := assume(w, as.Hop, as.RoleARN, as.Service, as.Context, "sts:AssumeRole")
	return err
}

// Pull takes the role, fetches a registry token and asks for the image, through the services. A role that may not be taken is a
// *hop.Refusal; where a service refuses, the network has recorded why.
func (as As) Pull(ctx context.Context, w *served.World, image string) error {
	host, _, _ := strings.Cut(image, "/")
	_, region, ok := RegistryOf(host)
	if !ok {
		return fmt.Errorf("%s is no ECR registry", host)
	}
	s, err := assume(w, as.Hop, as.RoleARN, as.Service, as.Context, "sts:AssumeRole")
	if err != nil {
		return err
	}
	keys, err := (&cloud{w.Network, w}).credentials(s)
	if err != nil {
		return err
	}
	login, err := password(ctx, aws.Config{
		Region: region, HTTPClient: w.Network.Client(), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, keys.Token),
	})
	if err != nil {
		return err
	}
	return registry.Pull(ctx, w, image, "AWS", login)
}
