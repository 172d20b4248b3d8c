// What this program is there for is the header of its name.
int main() { return 0; }
