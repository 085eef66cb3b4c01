"""What tests share: minimal Pods to tweak, the laws, generated Pods, a running server."""
