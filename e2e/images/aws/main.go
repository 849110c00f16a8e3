// Command aws stands in for the AWS CLI in the end-to-end tests: `aws ecr get-login-password`, with the SDK's own search for
// credentials, so that regions, web identities, container credentials, proxies and certificate authorities are read where the CLI
// reads them. Like the CLI's, its exit codes are 252 for a command line that it cannot read, 253 for missing configuration and 254 for
// an error that the service answered (AWS CLI user guide, "Command line return codes").
package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
)

const (
	exitUsage         = 252
	exitConfiguration = 253
	exitService       = 254
	exitGeneral       = 255
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var words []string
	region := ""
	for i := 0; i < len(args); i++ {
		value, given := strings.CutPrefix(args[i], "--region=")
		switch {
		case given:
			region = value
		case args[i] == "--region" && i+1 < len(args):
			i++
			region = args[i]
		default:
			words = append(words, args[i])
		}
	}
	if strings.Join(words, " ") != "ecr get-login-password" {
		fmt.Fprintf(stderr, "aws: error: this stand-in knows `aws ecr get-login-password [--region REGION]` only, not %q\n",
			strings.Join(args, " "))
		return exitUsage
	}
	password, err := loginPassword(ctx, region)
	if err == nil {
		fmt.Fprintln(stdout, password)
		return 0
	}
	return fail(stderr, err)
}

// loginPassword is the second half of the token "AWS:PASSWORD" (Amazon ECR API, GetAuthorizationToken).
func loginPassword(ctx context.Context, region string) (string, error) {
	var options []func(*config.LoadOptions) error
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	settings, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return "", err
	}
	if settings.Region == "" {
		return "", errNoRegion
	}
	if _, err := settings.Credentials.Retrieve(ctx); err != nil {
		return "", fmt.Errorf("%w: %w", errNoCredentials, err)
	}
	answer, err := ecr.NewFromConfig(settings).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return "", err
	}
	if len(answer.AuthorizationData) == 0 {
		return "", errors.New("the answer of Amazon ECR holds no token")
	}
	text, err := base64.StdEncoding.DecodeString(aws.ToString(answer.AuthorizationData[0].AuthorizationToken))
	if err != nil {
		return "", fmt.Errorf("read the token of Amazon ECR: %w", err)
	}
	_, password, found := strings.Cut(string(text), ":")
	if !found {
		return "", errors.New("the token of Amazon ECR is not USER:PASSWORD")
	}
	return password, nil
}

var (
	errNoRegion      = errors.New("you must specify a region, with --region or AWS_REGION")
	errNoCredentials = errors.New("unable to get credentials")
)

// fail says why, in the CLI's manner. An error that a service answered has a code, whichever service it was.
func fail(stderr io.Writer, err error) int {
	var answered interface {
		ErrorCode() string
		ErrorMessage() string
	}
	switch {
	case errors.As(err, &answered):
		fmt.Fprintf(stderr, "\nAn error occurred (%s): %s\n", answered.ErrorCode(), answered.ErrorMessage())
		return exitService
	case errors.Is(err, errNoRegion), errors.Is(err, errNoCredentials):
		fmt.Fprintf(stderr, "\n%v\n", err)
		return exitConfiguration
	}
	fmt.Fprintf(stderr, "\n%v\n", err)
	return exitGeneral
}
