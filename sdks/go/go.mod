module github.com/sautikit/sautikit-go

go 1.19
