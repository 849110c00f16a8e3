// Package aws makes what pulls from Amazon ECR, and the gateway's own role on EKS, in AWS IAM. Package components says how the parts
// compose.
package aws
